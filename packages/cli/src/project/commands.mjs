// The commands on a project: a directory with a keystile.toml.

/** @type {object[]} */
export const PROJECT_COMMANDS = [];
