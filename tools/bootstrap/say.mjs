/** Tells on stderr, in one line, what the bootstrap is doing; stdout is the script's alone. */
export function say(line) {
  process.stderr.write(`bootstrap: ${line}\n`)
}
