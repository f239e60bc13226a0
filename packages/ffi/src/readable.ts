import { fstatSync } from 'node:fs'
import { constants } from 'node:os'
import koffi from 'koffi'
import { SystemError } from './system-error.ts'

/** A watched file descriptor. `close()` stops the watching; the descriptor stays the caller's to close, afterwards. */
export interface Readable {
  close(): void
}

interface PollHandle {
  close(): void
  unref?(): void
}

type Poll = (
  fd: number,
  events: { readable: boolean },
  callback: (status: number, events: unknown) => void,
) => PollHandle

// koffi stops polling, without a word, once its handle is collected: each handle lives here until it is closed.
const watched = new Map<number, PollHandle>()

/**
 * Calls `onReadable` from Node's own event loop whenever `fd` has something to read: netlink and packet sockets, BPF
 * ring buffers, timerfds, which `net.Socket` refuses. Level-triggered: what is left unread wakes again.
 *
 * @param onError gets what `onReadable` throws. It also hears of a descriptor that cannot be watched any more, such as
 * one that was closed, or a socket with a pending error: then nothing wakes again.
 * @throws SystemError `EBADF`, `EPERM` for a file or directory, which is always ready, `EEXIST` where it is watched.
 */
export function watchReadable(fd: number, onReadable: () => void, onError: (error: Error) => void): Readable {
  refuseUnwatchable(fd)
  const poll = (koffi.node as unknown as { poll: Poll }).poll
  const handle = poll(fd, { readable: true }, (status) => {
    try {
      if (status < 0) throw new SystemError('poll', -status, `descriptor ${fd} is no longer watched`)
      onReadable()
    } catch (error) {
      report(error as Error, onError)
    }
  })
  watched.set(fd, handle)
  return {
    close() {
      if (watched.get(fd) !== handle) return
      watched.delete(fd)
      handle.close()
    },
  }
}

/** What libuv would refuse: koffi aborts the process when it does. */
function refuseUnwatchable(fd: number): void {
  if (watched.has(fd))
    throw new SystemError('poll', constants.errno.EEXIST, `descriptor ${fd} is watched already`)
  const stats = fstatSync(fd)
  if (stats.isFile() || stats.isDirectory())
    throw new SystemError('poll', constants.errno.EPERM, `descriptor ${fd} is a file or directory`)
}

/** An exception that reached koffi would stay pending and abort the process at the next garbage collection. */
function report(error: Error, onError: (error: Error) => void): void {
  try {
    onError(error)
  } catch (uncaught) {
    setImmediate(() => {
      throw uncaught
    })
  }
}
