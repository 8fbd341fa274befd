"""Runs a command on a terminal and types when it asks. Arguments: what it asks, what is typed, the command."""

import os
import pty
import sys

question, typed, *command = sys.argv[1:]
child, terminal = pty.fork()
if child == 0:
    os.execvp(command[0], command)
seen = b""
answered = False
while True:
    try:
        some = os.read(terminal, 4096)
    except OSError:
        break
    if not some:
        break
    seen += some
    if not answered and question.encode() in seen:
        os.write(terminal, typed.encode() + b"\r")
        answered = True
sys.stdout.write(seen.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
