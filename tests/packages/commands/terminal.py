"""Runs a command on a terminal and types when it asks. Arguments: a list in JSON of pairs, what it asks and what is
typed then, in their order; and the command."""

import json
import os
import pty
import sys
import termios

answers, *command = sys.argv[1:]
answers = json.loads(answers)
child, terminal = pty.fork()
if child == 0:
    termios.tcsetwinsize(0, (24, 200))
    os.execvp(command[0], command)
seen = b""
read = 0
while True:
    try:
        some = os.read(terminal, 4096)
    except OSError:
        break
    if not some:
        break
    seen += some
    if answers and answers[0][0].encode() in seen[read:]:
        read = len(seen)
        os.write(terminal, answers.pop(0)[1].encode() + b"\r")
sys.stdout.write(seen.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
