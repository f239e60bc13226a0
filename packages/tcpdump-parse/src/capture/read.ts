import { open } from 'node:fs/promises'
import { CaptureError, type Problem } from '../problem.ts'
import type { Format, Report } from './format.ts'
import type { Packet } from './packet.ts'
import { PcapFormat } from './pcap.ts'
import { PcapngFormat } from './pcapng.ts'
import { Block } from './pcapng-blocks.ts'

const WINDOW = 1 << 20

export interface ReadOptions {
  signal?: AbortSignal
  /** Told of what is wrong inside the capture, such as a last record that was cut off. Packets before it still come. */
  onProblem?: (problem: Problem) => void
  /** Told of each block of secrets in a pcapng file, before the packets that follow it. */
  onSecrets?: (type: number, data: Buffer) => void
}

export interface BatchOptions extends ReadOptions {
  /** Reads the whole file into one buffer again and again: the packets hold only until the next batch is asked for. */
  reuse?: boolean
}

/**
 * Reads a pcap or pcapng file packet by packet, in memory that does not grow with the file. A packet's data is part of
 * a block read from the file: copy it to keep a few of very many.
 *
 * @throws CaptureError when the file is no capture, and what `fs` throws when it cannot be read.
 */
export async function* readCapture(path: string, options: ReadOptions = {}): AsyncGenerator<Packet> {
  for await (const batch of readBatches(path, options)) yield* batch
}

/** As {@link readCapture}, but many packets at a time, which saves a promise for each of them. */
export async function* readBatches(path: string, options: BatchOptions = {}): AsyncGenerator<Packet[]> {
  const file = await open(path, 'r')
  try {
    const report: Report = {
      problem: options.onProblem ?? (() => {}),
      secrets: options.onSecrets ?? (() => {}),
    }
    let format: Format | undefined
    let window = Buffer.allocUnsafeSlow(WINDOW)
    /** What of the window is not parsed yet, and where in the file that starts. */
    let start = 0
    let end = 0
    let base = 0
    for (;;) {
      options.signal?.throwIfAborted()
      const { bytesRead } = await file.read(window, end, window.length - end, null)
      end += bytesRead
      const atEnd = bytesRead === 0
      format ??= recognise(window.subarray(0, end), atEnd, path, report)
      if (!format) continue
      if (atEnd) {
        if (end > start) report.problem(cutOff(base, end - start, format.wanted))
        return
      }
      const batch: Packet[] = []
      const taken = format.parse(window.subarray(start, end), base, batch)
      if (batch.length > 0) yield batch
      if (taken < 0) return
      base += taken
      start += taken
      // A pipe gives little at a time: the window moves on only when it is full.
      if (end < window.length) continue
      const size = Math.max(WINDOW, format.wanted)
      if (options.reuse && size <= window.length) window.copyWithin(0, start, end)
      else window = movedTo(size, window.subarray(start, end))
      end -= start
      start = 0
    }
  } finally {
    await file.close()
  }
}

function movedTo(size: number, rest: Buffer): Buffer<ArrayBuffer> {
  const window = Buffer.allocUnsafeSlow(size)
  rest.copy(window)
  return window
}

function cutOff(base: number, rest: number, wanted: number): Problem {
  return {
    code: 'truncated',
    offset: base,
    message: `the file ends within a record: ${rest} bytes of at least ${wanted}`,
  }
}

function recognise(head: Buffer, atEnd: boolean, path: string, report: Report): Format | undefined {
  if (head.length >= 4) {
    const magic = PcapFormat.magic(head)
    if (magic) return new PcapFormat(magic, report)
    if (head.readUInt32LE(0) === Block.section) return new PcapngFormat(report)
  } else if (!atEnd) return undefined
  throw new CaptureError(
    head.length === 0
      ? `${path} is empty`
      : `${path} is neither pcap nor pcapng: it starts with ${head.subarray(0, 4).toString('hex')}`,
    0,
  )
}
