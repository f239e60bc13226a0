import { constants } from 'node:os'
import { complain } from './complain.ts'

/** Ends well what reaches no `catch`: a reader that went away, as `| head` does, a closed terminal, an error event. */
export function survive(): void {
  process.stdout.on('error', noReader)
  process.stderr.on('error', () => {})
  process.on('uncaughtException', (error) => process.exit(complain(error)))
}

let gone = false

function noReader(error: NodeJS.ErrnoException): void {
  if (gone) return
  gone = true
  // EIO is what a terminal gives that has been closed.
  if (error.code !== 'EPIPE' && error.code !== 'EIO') process.exit(complain(error))
  // A command that has something to clean up listens for this; one that has not ends as any program in a pipe.
  if (process.listenerCount('SIGTERM') > 0) process.kill(process.pid, 'SIGTERM')
  else process.exit(128 + constants.signals.SIGPIPE)
}
