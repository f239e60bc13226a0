import { styleText } from 'node:util'

type Format = Parameters<typeof styleText>[0]

/** What text means; how that looks is decided here and nowhere else. */
export interface Style {
  heading(text: string): string
  strong(text: string): string
  quiet(text: string): string
  good(text: string): string
  bad(text: string): string
  doubtful(text: string): string
  /** Bytes that must not be readable on the wire. */
  exposed(text: string): string
  banner(kind: 'good' | 'bad' | 'doubtful', text: string): string
}

const formats = {
  heading: ['bold'],
  strong: ['bold'],
  quiet: ['dim'],
  good: ['green'],
  bad: ['red'],
  doubtful: ['yellow'],
  exposed: ['bold', 'black', 'bgYellow'],
} satisfies Record<Exclude<keyof Style, 'banner'>, Format>

const banners = {
  good: ['bold', 'black', 'bgGreen'],
  bad: ['bold', 'white', 'bgRed'],
  doubtful: ['bold', 'black', 'bgYellow'],
} satisfies Record<'good' | 'bad' | 'doubtful', Format>

function paint(format: Format, text: string): string {
  return styleText(format, text, { validateStream: false })
}

export const colour: Style = {
  heading: (text) => paint(formats.heading, text),
  strong: (text) => paint(formats.strong, text),
  quiet: (text) => paint(formats.quiet, text),
  good: (text) => paint(formats.good, text),
  bad: (text) => paint(formats.bad, text),
  doubtful: (text) => paint(formats.doubtful, text),
  exposed: (text) => paint(formats.exposed, text),
  banner: (kind, text) => paint(banners[kind], text),
}

const asItIs = (text: string) => text

export const plain: Style = {
  heading: asItIs,
  strong: asItIs,
  quiet: asItIs,
  good: asItIs,
  bad: asItIs,
  doubtful: asItIs,
  exposed: asItIs,
  banner: (_kind, text) => text,
}
