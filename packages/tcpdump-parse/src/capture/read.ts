import { CaptureError, type Problem } from '../problem.ts'
import type { Format, InterfaceStatistics, RecordSink, Report, ResolvedName } from './format.ts'
import { type Packet, PacketCollector } from './packet.ts'
import { PcapFormat } from './pcap.ts'
import { PcapngFormat } from './pcapng.ts'
import { Block } from './pcapng-blocks.ts'
import { type CaptureSource, openSource } from './source.ts'

const WINDOW = 1 << 20

/** Who is told of what a capture holds besides packets, and of what is wrong with it. */
export interface ReadOptions {
  /** When it aborts, reading ends with its reason. */
  signal?: AbortSignal
  /** Told of what is wrong inside the capture, such as a last record that was cut off. Packets before it still come. */
  onProblem?: (problem: Problem) => void
  /** Told of each block of secrets in a pcapng file, before the packets that follow it. */
  onSecrets?: (type: number, data: Buffer) => void
  /** Told of each interface statistics block of a pcapng file: what the capture itself says that it lost. */
  onStatistics?: (statistics: InterfaceStatistics) => void
  /** Told of each name that a pcapng file gives for an address. */
  onName?: (name: ResolvedName) => void
}

/** How {@link readBatches} reads. */
export interface BatchOptions extends ReadOptions {
  /** Reads the whole file into one buffer again and again: the packets hold only until the next batch is asked for. */
  reuse?: boolean
}

/**
 * Reads a pcap or pcapng capture packet by packet, in memory that does not grow with it; gzip and zstd are undone on the
 * way. A packet's data is part of a larger block: copy it to keep a few of very many.
 *
 * @param source a path, a stream (Node's or the web's) or anything else that gives bytes in pieces.
 * @throws CaptureError when it is no capture, and what `fs` throws when it cannot be read.
 */
export async function* readCapture(source: CaptureSource, options: ReadOptions = {}): AsyncGenerator<Packet> {
  for await (const batch of readBatches(source, options)) yield* batch
}

/** As {@link readCapture}, but many packets at a time, which saves a promise for each of them. */
export async function* readBatches(
  source: CaptureSource,
  options: BatchOptions = {},
): AsyncGenerator<Packet[]> {
  const collector = new PacketCollector()
  for await (const _ of passRecords(source, collector, options)) {
    if (collector.packets.length === 0) continue
    const batch = collector.packets
    collector.packets = []
    yield batch
  }
}

/** Gives each record to `sink`, as they come; yields after each piece that was read, to be waited for or left. */
export async function* passRecords(
  source: CaptureSource,
  sink: RecordSink,
  options: BatchOptions = {},
): AsyncGenerator<void> {
  const { signal, reuse = false } = options
  signal?.throwIfAborted()
  const bytes = await openSource(source, signal)
  const report: Report = {
    problem: options.onProblem ?? (() => {}),
    secrets: options.onSecrets ?? (() => {}),
    statistics: options.onStatistics ?? (() => {}),
    name: options.onName ?? (() => {}),
    context: () => {},
  }
  try {
    let format: Format | undefined
    let window = Buffer.allocUnsafeSlow(WINDOW)
    /** What of the window is not parsed yet, and where in the file that starts. */
    let start = 0
    let end = 0
    let base = 0
    for (;;) {
      signal?.throwIfAborted()
      const length = await bytes.read(window, end)
      end += length
      const atEnd = length === 0
      if (atEnd && end === 0 && bytes.damage !== undefined)
        throw new CaptureError(`nothing of ${bytes.name} can be decompressed: ${bytes.damage}`, 0)
      format ??= recognise(window.subarray(0, end), atEnd, bytes.name, report)
      if (!format) continue
      if (atEnd) {
        if (bytes.damage !== undefined) report.problem(damaged(base + end - start, bytes.damage))
        if (end > start) report.problem(cutOff(base, end - start, format.wanted))
        return
      }
      const taken = format.parse(window, start, end, base, sink)
      yield
      if (taken < 0) return
      base += taken
      start += taken
      // A pipe gives little at a time: the window moves on only when it is full.
      if (end < window.length) continue
      const size = Math.max(WINDOW, format.wanted)
      if (reuse && size <= window.length) window.copyWithin(0, start, end)
      else window = movedTo(size, window.subarray(start, end))
      end -= start
      start = 0
    }
  } finally {
    await bytes.close()
  }
}

function movedTo(size: number, rest: Buffer): Buffer<ArrayBuffer> {
  const window = Buffer.allocUnsafeSlow(size)
  rest.copy(window)
  return window
}

export function cutOff(base: number, rest: number, wanted: number): Problem {
  return {
    code: 'truncated',
    offset: base,
    message: `the file ends within a record: ${rest} bytes of at least ${wanted}`,
  }
}

function damaged(offset: number, why: string): Problem {
  return { code: 'damaged', offset, message: `the compressed file is damaged after this: ${why}` }
}

export function recognise(head: Buffer, atEnd: boolean, name: string, report: Report): Format | undefined {
  if (head.length >= 4) {
    const magic = PcapFormat.magic(head)
    if (magic) return new PcapFormat(magic, report)
    if (head.readUInt32LE(0) === Block.section) return new PcapngFormat(report)
  } else if (!atEnd) return undefined
  throw new CaptureError(
    head.length === 0
      ? `${name} is empty`
      : `${name} is neither pcap nor pcapng: it starts with ${head.subarray(0, 4).toString('hex')}`,
    0,
  )
}
