const STACK_LINES = 6

/** With the lines of the stack that say where it came from: of two with the same the second tells nothing new. */
export function describeError(error: unknown): { what: string; place: string } {
  if (!(error instanceof Error)) return { what: `thrown, and no Error: ${String(error)}`, place: '' }
  const lines = (error.stack ?? '').split('\n').filter((line) => /^ +at /.test(line))
  const place = lines.find((line) => line.includes('file:')) ?? ''
  return { what: [`${error.name}: ${error.message}`, ...lines.slice(0, STACK_LINES)].join('\n'), place }
}
