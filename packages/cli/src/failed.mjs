// The two ends of a command that are no bug. Their messages are for the person at the terminal, their JSON for a program.

/** Something could not be done: exit code 1. `facts` are what is known of it beside the message. */
export class Failed extends Error {
  code = "FAILED";
  facts = {};

  toJSON() {
    return { code: this.code, message: this.message, ...this.facts };
  }
}

/** A command was written wrongly: exit code 2. */
export class WrongUsage extends Failed {
  code = "WRONG_USAGE";
}
