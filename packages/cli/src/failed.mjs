// The two ends of a command that are no bug. Their messages are for the person at the terminal.

/** Something could not be done: exit code 1. */
export class Failed extends Error {}

/** A command was written wrongly: exit code 2. */
export class WrongUsage extends Failed {}
