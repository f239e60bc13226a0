import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { CaptureError } from '../problem.ts'
import type { Packet } from './packet.ts'
import { type ReadOptions, readCapture } from './read.ts'

/** What to capture, and how to read it. */
export interface CaptureOptions extends ReadOptions {
  /** Such as `eth0`, or `any`. */
  interface: string
  /** In tcpdump's language, such as `esp or udp port 4500`. */
  filter?: string
  direction?: 'in' | 'out' | 'inout'
  /** Most bytes kept of a packet; all of them by default. */
  snapLength?: number
  /** Of the kernel's buffer, in KiB: how much may arrive while nobody reads. */
  bufferKiB?: number
  /** The tcpdump to run, where it is not the one on PATH. */
  program?: string
}

/** What tcpdump says at its end. */
export interface CaptureCounts {
  /** Packets it passed on. */
  readonly captured: number
  /** Packets that the filter accepted, whether they were read or not; the kernel's count. */
  readonly received: number
  /** Packets lost because nobody read them in time. More than 0: the capture is not whole. */
  readonly droppedByKernel: number
  readonly droppedByInterface: number
}

/**
 * Packets as they pass an interface, from a tcpdump that runs as long as they are read. Needs whatever right tcpdump
 * needs (root, or CAP_NET_RAW).
 */
export interface LiveCapture extends AsyncIterable<Packet> {
  /** Settles when the interface is being listened on: what is sent from then on is seen. */
  readonly listening: Promise<void>
  /**
   * Ends the capture: the packets that were captured still come, and then the iteration ends.
   *
   * @returns what was counted.
   */
  stop(): Promise<CaptureCounts>
}

/**
 * Starts tcpdump and reads what it captures.
 *
 * @throws (by `listening` and by the iteration) CaptureError with tcpdump's own reason, such as a missing right or a
 * filter it does not understand; the signal's reason when that aborts.
 */
export function capture(options: CaptureOptions): LiveCapture {
  options.signal?.throwIfAborted()
  const child = spawn(options.program ?? 'tcpdump', tcpdumpArguments(options), {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text
  })
  const ended = endOf(child)
  const abort = () => child.kill('SIGKILL')
  options.signal?.addEventListener('abort', abort, { once: true })
  const listening = waitFor(child, ended, () => said, options.signal)
  // Whoever iterates meets the same failure there.
  listening.catch(() => {})
  let read = false
  return {
    listening,
    async stop() {
      await listening
      if (read) await readDry(child.stdout)
      else child.stdout.resume()
      child.kill('SIGINT')
      await ended
      return tcpdumpCounts(said)
    },
    async *[Symbol.asyncIterator]() {
      read = true
      try {
        await listening
        let passedOn = 0
        for await (const packet of readCapture(child.stdout, options)) {
          passedOn++
          yield packet
        }
        await ended
        noteLost(said, passedOn, options.onProblem)
      } finally {
        options.signal?.removeEventListener('abort', abort)
        child.kill('SIGINT')
      }
    },
  }
}

function tcpdumpArguments(options: CaptureOptions): string[] {
  const { direction, snapLength, bufferKiB, filter } = options
  return [
    ...['-i', options.interface, '-n', '-U', '--immediate-mode', '--time-stamp-precision=nano', '-w', '-'],
    ...(direction === undefined ? [] : ['-Q', direction]),
    ...(snapLength === undefined ? [] : ['-s', `${snapLength}`]),
    ...(bufferKiB === undefined ? [] : ['-B', `${bufferKiB}`]),
    ...(filter === undefined ? [] : ['--', filter]),
  ]
}

/** Settles when it has ended and all that it said was read: with why it did not run, or undefined when it ran. */
function endOf(child: ChildProcess): Promise<Error | undefined> {
  // Not by its `close`, for which all packets must have been read, too: who stops the capture may not go on reading.
  const exited = new Promise((resolve) => child.once('exit', resolve))
  const heard = new Promise((resolve) => child.stderr!.once('end', resolve))
  const failed = new Promise<Error>((resolve) => child.once('error', resolve))
  return Promise.race([failed, Promise.all([exited, heard]).then(() => undefined)])
}

/** How long its reader may take to catch up when a capture is stopped, in milliseconds. */
const PATIENCE = 1000

/** A tcpdump that is interrupted while it waits for room in the pipe drops the packet that it was about to write. */
async function readDry(output: Readable): Promise<void> {
  const deadline = performance.now() + PATIENCE
  for (let dry = 0; dry < 2 && performance.now() < deadline; dry = output.readableLength === 0 ? dry + 1 : 0)
    await delay(5)
}

/** Where that came too late, at least it is told. */
function noteLost(said: string, passedOn: number, report: ReadOptions['onProblem']): void {
  const captured = /^(\d+) packets? captured/m.exec(said)?.[1]
  if (captured === undefined || Number(captured) <= passedOn) return
  const message = `tcpdump captured ${captured} packets and passed ${passedOn} on: it was stopped before they were read`
  report?.({ code: 'truncated', offset: 0, message })
}

async function waitFor(
  child: ChildProcess,
  ended: Promise<Error | undefined>,
  said: () => string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { promise: ready, resolve } = Promise.withResolvers<void>()
  const look = () => {
    if (/^.*listening on /m.test(said())) resolve()
  }
  child.stderr!.on('data', look)
  const tooSoon = ended.then((error) => {
    signal?.throwIfAborted()
    const reason = reasonIn(said())
    if (error && (error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new CaptureError(`${child.spawnfile} is not installed`, 0)
    throw new CaptureError(
      error?.message ?? (reason ? `tcpdump did not start: ${reason}` : 'tcpdump ended before it listened'),
      0,
    )
  })
  try {
    await Promise.race([ready, tooSoon])
  } finally {
    tooSoon.catch(() => {})
    child.stderr!.off('data', look)
  }
}

/** The last thing it said, with the line in parentheses in which it adds the system's reason. */
function reasonIn(said: string): string {
  const lines = said.trim().split('\n')
  return lines.slice(lines.findLastIndex((line) => !line.startsWith('('))).join(' ')
}

/**
 * The counts in what tcpdump printed at its end.
 *
 * @throws CaptureError when they are not there: it was killed before it could say them.
 */
export function tcpdumpCounts(said: string): CaptureCounts {
  const count = (pattern: RegExp, fallback?: number): number => {
    const found = pattern.exec(said)?.[1]
    if (found !== undefined) return Number(found)
    if (fallback !== undefined) return fallback
    throw new CaptureError(`tcpdump ended without its counts: ${said.trim()}`, 0)
  }
  return {
    captured: count(/^(\d+) packets? captured/m),
    received: count(/^(\d+) packets? received by filter/m),
    droppedByKernel: count(/^(\d+) packets? dropped by kernel/m),
    // Said only where there were some.
    droppedByInterface: count(/^(\d+) packets? dropped by interface/m, 0),
  }
}
