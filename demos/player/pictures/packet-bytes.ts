import type { Picture } from '../picture.ts'
import type { Style } from '../style.ts'
import { clip, columns, pad } from '../typography.ts'

/** Bytes that deserve attention, or none of it. */
export interface Region {
  readonly offset: number
  readonly length: number
  readonly tone: 'exposed' | 'quiet'
}

/** One packet as somebody saw it. */
export interface PacketBytes {
  readonly title: string
  readonly data: Uint8Array
  readonly regions: readonly Region[]
  readonly caption?: string
}

const gap = '   '
const perRowChoices = [16, 12, 8, 4] as const

/** The same packet from two points of view: side by side where there is room, one above the other where there is not. */
export function sideBySide(left: PacketBytes, right: PacketBytes, rows = 12): Picture {
  return ({ width, style }) => {
    const perRow = perRowChoices.find((choice) => 2 * dumpWidth(choice) + gap.length <= width && choice >= 8)
    if (perRow === undefined)
      return [...packetBytes(left, rows)({ width, style }), '', ...packetBytes(right, rows)({ width, style })]
    const [leftLines, rightLines] = [left, right].map((packet) => dump(packet, perRow, rows, style)) as [
      string[],
      string[],
    ]
    const height = Math.max(leftLines.length, rightLines.length)
    return Array.from({ length: height }, (_, row) =>
      `${pad(leftLines[row] ?? '', dumpWidth(perRow))}${gap}${rightLines[row] ?? ''}`.trimEnd(),
    )
  }
}

export function packetBytes(packet: PacketBytes, rows = 12): Picture {
  return ({ width, style }) => {
    const perRow = perRowChoices.find((choice) => dumpWidth(choice) <= width) ?? 4
    return dump(packet, perRow, rows, style)
  }
}

/** Offset, bytes in hex and bytes as characters. */
function dumpWidth(perRow: number): number {
  return 6 + perRow * 3 + 1 + perRow
}

function dump(packet: PacketBytes, perRow: number, rows: number, style: Style): string[] {
  const width = dumpWidth(perRow)
  const tones = toneOfEachByte(packet)
  const lines = [style.strong(clip(packet.title, width))]
  if (packet.caption !== undefined) lines.push(style.quiet(clip(packet.caption, width)))
  const shown = Math.min(packet.data.length, rows * perRow)
  for (let offset = 0; offset < shown; offset += perRow)
    lines.push(dumpRow(packet.data.subarray(offset, offset + perRow), offset, perRow, tones, style))
  if (shown < packet.data.length) lines.push(style.quiet(`      … ${packet.data.length - shown} more bytes`))
  return lines
}

type Tone = Region['tone'] | 'normal'

function toneOfEachByte({ data, regions }: PacketBytes): Tone[] {
  const tones = new Array<Tone>(data.length).fill('normal')
  for (const { offset, length, tone } of regions) tones.fill(tone, offset, offset + length)
  return tones
}

function dumpRow(
  bytes: Uint8Array,
  offset: number,
  perRow: number,
  tones: readonly Tone[],
  style: Style,
): string {
  const runs = runsOfOneTone(bytes.length, (index) => tones[offset + index]!)
  const paint = (tone: Tone, text: string) => (tone === 'normal' ? text : style[tone](text))
  const hex = runs.map(({ from, to, tone }) =>
    paint(tone, [...bytes.subarray(from, to)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')),
  )
  const characters = runs.map(({ from, to, tone }) =>
    paint(tone, [...bytes.subarray(from, to)].map(printable).join('')),
  )
  const hexColumn = hex.join(' ')
  const fill = ' '.repeat(perRow * 3 - 1 - columns(hexColumn))
  return `${style.quiet(offset.toString(16).padStart(4, '0'))}  ${hexColumn}${fill}  ${characters.join('')}`
}

function runsOfOneTone(
  length: number,
  toneAt: (index: number) => Tone,
): { from: number; to: number; tone: Tone }[] {
  const runs: { from: number; to: number; tone: Tone }[] = []
  for (let index = 0; index < length; index++) {
    const latest = runs.at(-1)
    const tone = toneAt(index)
    if (latest?.tone === tone) latest.to = index + 1
    else runs.push({ from: index, to: index + 1, tone })
  }
  return runs
}

function printable(byte: number): string {
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·'
}
