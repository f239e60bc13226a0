import { styleText } from 'node:util'
import { type Flow, type FlowLoss, type FlowRecord, type FlowVerdict, isLoss } from '../../agent/api.ts'

const headings = [
  'time',
  'node',
  'where',
  'proto',
  'source',
  'destination',
  'verdict',
  'key',
  'reason',
  'packets',
  'bytes',
]
const numbers = new Set(['packets', 'bytes'])
const unknown = '-'
const gap = '  '

/** What a column is at least as wide as, so that few later lines need a wider one. */
const expected: Readonly<Record<string, string>> = {
  time: '00:00:00.000',
  where: 'from-wire',
  proto: 'icmp',
  verdict: 'forwarded',
  key: '15',
  reason: 'not-protected',
  packets: '100000',
  bytes: '100000000',
}

const lossIn: Readonly<Record<FlowLoss['where'], string>> = {
  ring: 'its kernel’s ring buffer was full',
  history: 'older than what its agent remembers',
  reader: 'we read too slowly',
}

export interface FlowTableOptions {
  /** Names that are to be expected at the ends of flows. */
  readonly names: readonly string[]
  /** The headings, and anew whenever a column has to grow. */
  readonly withHeadings: boolean
  readonly withColour: boolean
  /** Columns of the terminal, where lines are not to wrap. */
  readonly width?: number
}

/** Flow events as lines of a table that may never end: columns grow with what comes, and never shrink. */
export class FlowTable {
  readonly #options: FlowTableOptions
  readonly #widths: number[]
  #headingsAreDue: boolean

  constructor(options: FlowTableOptions) {
    this.#options = options
    this.#headingsAreDue = options.withHeadings
    const longest = Math.max(0, ...options.names.map((name) => name.length))
    this.#widths = headings.map((heading) => {
      const typical = heading === 'source' || heading === 'destination' ? longest + ':65535'.length : 0
      return Math.max(heading.length, expected[heading]?.length ?? 0, typical)
    })
  }

  /** One record, with an end of line; with headings before it where they are due. */
  lines(record: FlowRecord): string {
    if (isLoss(record)) return `${this.#paint(this.#clipped(lossLine(record)), 'dropped')}\n`
    const cells = cellsOf(record)
    this.#grow(cells)
    return `${this.#headings()}${this.#paint(this.#clipped(this.#row(cells)), record.verdict)}\n`
  }

  #grow(cells: readonly string[]): void {
    cells.forEach((cell, column) => {
      if (cell.length <= this.#widths[column]!) return
      this.#widths[column] = cell.length
      this.#headingsAreDue = this.#options.withHeadings
    })
  }

  #headings(): string {
    if (!this.#headingsAreDue) return ''
    this.#headingsAreDue = false
    const line = this.#clipped(this.#row(headings.map((heading) => heading.toUpperCase())))
    return `${this.#options.withColour ? styleText('bold', line, { validateStream: false }) : line}\n`
  }

  #row(cells: readonly string[]): string {
    const row = cells.map((cell, column) =>
      numbers.has(headings[column]!)
        ? cell.padStart(this.#widths[column]!)
        : cell.padEnd(this.#widths[column]!),
    )
    return row.join(gap).trimEnd()
  }

  /** What calls for attention is coloured whole, what is as it should be only where it says so. */
  #paint(line: string, verdict: FlowVerdict): string {
    if (!this.#options.withColour) return line
    const paint = (style: 'red' | 'yellow' | 'green' | 'dim', text: string) =>
      styleText(style, text, { validateStream: false })
    if (verdict === 'clear') return paint('red', line)
    if (verdict === 'dropped') return paint('yellow', line)
    if (verdict === 'forwarded') return paint('dim', line)
    const start = this.#offsetOf('verdict')
    const end = start + verdict.length
    return `${line.slice(0, start)}${paint('green', line.slice(start, end))}${line.slice(end)}`
  }

  #offsetOf(heading: string): number {
    const before = this.#widths.slice(0, headings.indexOf(heading))
    return before.reduce((sum, width) => sum + width + gap.length, 0)
  }

  #clipped(line: string): string {
    const { width } = this.#options
    return width === undefined || line.length <= width ? line : `${line.slice(0, width - 1)}…`
  }
}

function cellsOf(flow: Flow): string[] {
  return [
    timeOfDay(flow.time),
    flow.node,
    flow.hook,
    flow.protocol,
    endOf(flow.source, flow.sourcePod, flow.sourceNode, flow.sourcePort),
    endOf(flow.destination, flow.destinationPod, flow.destinationNode, flow.destinationPort),
    flow.verdict,
    flow.epoch === undefined ? unknown : `${flow.epoch}`,
    flow.reason,
    `${flow.packets}`,
    `${flow.bytes}`,
  ]
}

/** The pod, or the node whose own address it is, or the address, and the port where there is one. */
export function endOf(address: string, pod?: string, node?: string, port?: number): string {
  const name = pod ?? node ?? (address.includes(':') && port !== undefined ? `[${address}]` : address)
  return port === undefined ? name : `${name}:${port}`
}

function lossLine({ time, node, lost, where }: FlowLoss): string {
  const events = lost === 1 ? '1 event is' : `${lost} events are`
  return `${timeOfDay(time)}  ${node}  ${events} missing here: ${lossIn[where]}`
}

/** @param time nanoseconds since the epoch; local time, with milliseconds. */
export function timeOfDay(time: string): string {
  const date = new Date(Number(BigInt(time) / 1_000_000n))
  const two = (value: number) => `${value}`.padStart(2, '0')
  const [hours, minutes, seconds] = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two)
  return `${hours}:${minutes}:${seconds}.${`${date.getMilliseconds()}`.padStart(3, '0')}`
}
