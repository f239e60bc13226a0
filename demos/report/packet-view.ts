import { type ArmName, type ArmView, conversation, type SeenFrame, type SentPacket } from '../proof/index.ts'
import { type Html, html } from './html.ts'

const perRow = 16
const rowsShown = 14

type Tone = 'header' | 'plain' | 'esp' | 'sealed' | 'lit'

/** One canary's packet as its pod sent it, beside the frame that carried it on the wire. */
export function packetPair(arm: ArmView): Html | undefined {
  const packet = choosePacket(arm)
  if (!packet?.carrier) return undefined
  const tokens = arm.facts.canaries.map(({ token }) => Buffer.from(token))
  const wire = packet.carrier
  return html`<div class="pair">${dump(placeOf(packet), packet.seen, tokens)}${dump(wireTitle(arm.facts.name), wire, tokens)}</div>`
}

function placeOf({ seen }: SentPacket): string {
  const [kind, name] = seen.instrument.split('/')
  return kind === 'pod' ? `In pod ${name}` : `On node ${name}, where it arrived`
}

function wireTitle(arm: ArmName): string {
  return arm === 'control' ? 'On the wire, encryption off' : 'On the wire, encrypted'
}

/** The smallest packet with a canary in it, so that all of it can be seen; where nodes are in scope, of one from node to node. */
function choosePacket(arm: ArmView): SentPacket | undefined {
  const tokens = arm.facts.canaries.map(({ token }) => token)
  return arm
    .account()
    .sent.filter(
      ({ carrier, seen, isCovered }) =>
        carrier && isCovered && tokens.some((token) => seen.data.includes(token)),
    )
    .filter(({ seen, routers }) => !arm.facts.scope?.nodes || isBetweenNodes(arm, seen, routers))
    .sort((a, b) => a.seen.data.length - b.seen.data.length || a.seen.number - b.seen.number)[0]
}

function isBetweenNodes({ book }: ArmView, { frame, time }: SeenFrame, routers: number): boolean {
  return routers === 0 && book.at(time).podAt(frame.destination!) === undefined
}

function dump(title: string, seen: SeenFrame, tokens: readonly Buffer[]): Html {
  const { data, frame } = seen
  const tones = tonesOf(seen, tokens)
  const lit = tones.includes('lit')
  const rows: Html[] = []
  const shown = Math.min(data.length, perRow * rowsShown)
  for (let offset = 0; offset < shown; offset += perRow)
    rows.push(row(data, offset, Math.min(offset + perRow, data.length), tones))
  const rest = data.length - shown
  const file = seen.instrument.startsWith('wire/') ? 'wire.pcapng' : 'pods.pcapng'
  return html`<div class="dump"><h3>${title}</h3>
<p>${conversation(frame)} · ${data.length} bytes · ${file} frame ${seen.number} · ${lit ? 'the canary is readable' : 'no canary in it'}</p>
<pre tabindex="0" aria-label="${`${title}: bytes in hexadecimal and as text`}">${rows}${rest > 0 && html`<span class="offset">      … ${rest} more bytes</span>`}</pre></div>`
}

function tonesOf({ data, frame }: SeenFrame, tokens: readonly Buffer[]): Tone[] {
  const tones = new Array<Tone>(data.length).fill('plain')
  const { layers, esp } = frame
  tones.fill('header', 0, Math.max(0, layers.payload))
  if (esp) {
    tones.fill('header', 0, layers.esp)
    tones.fill('esp', layers.esp, layers.esp + 8)
    tones.fill('sealed', layers.esp + 8)
  }
  for (const token of tokens)
    for (let at = data.indexOf(token); at >= 0; at = data.indexOf(token, at + token.length))
      tones.fill('lit', at, at + token.length)
  return tones
}

function row(data: Buffer, from: number, to: number, tones: readonly Tone[]): Html {
  const runs: { tone: Tone; from: number; to: number }[] = []
  for (let index = from; index < to; index++) {
    const last = runs.at(-1)
    if (last && last.tone === tones[index]) last.to = index + 1
    else runs.push({ tone: tones[index]!, from: index, to: index + 1 })
  }
  const hex = runs.map(({ tone, from: start, to: end }, index) => {
    const bytes = [...data.subarray(start, end)].map((byte) => byte.toString(16).padStart(2, '0'))
    return html`${index > 0 && ' '}<span class="${tone}">${bytes.join(' ')}</span>`
  })
  const text = runs.map(
    ({ tone, from: start, to: end }) =>
      html`<span class="${tone}">${[...data.subarray(start, end)].map(printable).join('')}</span>`,
  )
  const fill = ' '.repeat((from + perRow - to) * 3)
  return html`<span class="offset">${from.toString(16).padStart(4, '0')}</span>  ${hex}${fill}  ${text}
`
}

function printable(byte: number): string {
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·'
}
