/** Runs inside a guest as its only service: begins commands as they are asked for on the guest's serial line. */
import { createReadStream, createWriteStream, openSync } from 'node:fs'
import { release } from 'node:os'
import { isatty, ReadStream, WriteStream } from 'node:tty'
import { serveCommands } from '../channel/server.ts'
import { begin } from './command.ts'
import { discard } from './hand-back.ts'

/** A serial line polls like a terminal; a virtio port does not, opens once only, and is read on a thread. */
function open(device: string) {
  const fd = openSync(device, 'r+')
  if (isatty(fd))
    return { input: new ReadStream(fd), output: new WriteStream(openSync(device, 'w')), paced: true }
  return {
    input: createReadStream('', { fd, autoClose: false }),
    output: createWriteStream('', { fd, autoClose: false }),
  }
}

// Without a device this was only loaded to be compiled ahead.
const device = process.argv[2]
if (device) serveCommands(open(device), { begin, fetched: discard }, { release: release() })
