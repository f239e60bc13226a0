/** One line for one thing that happened, on standard error: JSON, so that it can be searched. Never given a key. */
export type Log = (
  level: 'info' | 'warn' | 'error',
  event: string,
  details?: Readonly<Record<string, unknown>>,
) => void

export function logTo(stream: NodeJS.WritableStream, node: string): Log {
  return (level, event, details = {}) => {
    stream.write(`${JSON.stringify({ time: new Date().toISOString(), level, node, event, ...details })}\n`)
  }
}
