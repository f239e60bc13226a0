/** Progress for a person, on standard error: results alone go to standard output. */
export function report(line: string): void {
  process.stderr.write(`  ${line}\n`)
}
