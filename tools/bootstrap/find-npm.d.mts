/** The path of npm's `npm-cli.js`: the npm that runs us, else the one beside this Node, else the one on the PATH. */
export function findNpm(): string
