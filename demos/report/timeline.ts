import { type ArmView, armNames, type Judgement, type RunView } from '../proof/index.ts'
import { armTitles } from './claims.ts'
import { type Html, html } from './html.ts'

const purposes = {
  control: 'Encryption off. The instruments must see everything.',
  encrypted: 'Encryption on, strict. The wire must show nothing.',
  'sabotage-permissive': 'One node broken, strict mode off. The leak must be caught.',
  'sabotage-strict': 'One node broken, strict mode on. Nothing may leak.',
} as const

const width = 760
const height = 74
const slots = 76

type Fate = 'encrypted' | 'clear' | 'missing'
type Slot = Record<Fate, number>

/** The packets that pods sent to other nodes from the first to the last of each arm, by what the wire showed of them. */
export function timeline(run: RunView, judgement: Judgement): Html {
  const played = armNames.flatMap((name) => run.arms.get(name) ?? [])
  return html`<ul class="key"><li>${swatch('encrypted')}encrypted on the wire</li><li>${swatch('clear')}in clear on the wire</li><li>${swatch('missing')}stopped before the wire</li></ul>
${played.map((arm) => strip(arm, judgement))}`
}

function strip(arm: ArmView, judgement: Judgement): Html {
  const { name, sabotage } = arm.facts
  const { sent } = arm.account()
  const total = (fate: Fate) => sent.filter((packet) => packet.fate === fate).length
  const totals: [Fate, string][] = [
    ['encrypted', 'encrypted'],
    ['clear', 'in clear'],
    ['missing', 'stopped'],
  ]
  const words = totals
    .flatMap(([fate, word]) => (total(fate) ? [`${total(fate).toLocaleString('en')} ${word}`] : []))
    .join(', ')
  const seconds = trafficOf(arm).length / 1e9
  const took = seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`
  const verdict = judgement.arms[name]?.verdict ?? 'INCONCLUSIVE'
  return html`<div class="arm"><div><h3>${armTitles[name]}<span class="chip ${verdict}">${verdict}</span></h3>
<p>${purposes[name]}${sabotage && html` Node ${sabotage.node}: ${sabotage.what}.`}</p></div>
<figure><svg viewBox="0 0 ${width} ${height + 18}" role="img" aria-label="${`${armTitles[name]}: ${words || 'no packet'} in ${took}`}">
${bars(arm)}
<line x1="0" y1="${height}" x2="${width}" y2="${height}" stroke="var(--line)"/>
<text x="0" y="${height + 15}" font-size="11.5" class="soft">${words || 'no packet'}</text>
<text x="${width}" y="${height + 15}" font-size="11.5" text-anchor="end" class="soft">${took}</text>
</svg></figure></div>
`
}

/** From the first packet to the last, in nanoseconds: the starting of instruments is no part of the picture. */
function trafficOf(arm: ArmView): { start: bigint; length: number } {
  const { sent } = arm.account()
  const start = sent[0]?.seen.time ?? 0n
  const end = sent.at(-1)?.seen.time ?? start
  return { start, length: Number(end - start) || 1 }
}

function bars(arm: ArmView): Html[] {
  const { start, length } = trafficOf(arm)
  const counts: Slot[] = Array.from({ length: slots }, () => ({ encrypted: 0, clear: 0, missing: 0 }))
  for (const { seen, fate } of arm.account().sent) {
    const share = Number(seen.time - start) / length
    counts[Math.min(slots - 1, Math.max(0, Math.floor(share * slots)))]![fate]++
  }
  const most = Math.max(1, ...counts.map(({ encrypted, clear, missing }) => encrypted + clear + missing))
  const slotWidth = width / slots
  return counts.flatMap((slot, index) => {
    let top = height
    return (['encrypted', 'clear', 'missing'] as const).flatMap((fate) => {
      if (slot[fate] === 0) return []
      // A single packet in a busy arm stays visible.
      const tall = Math.max(2.5, (slot[fate] / most) * (height - 6))
      top -= tall
      return [bar(fate, index * slotWidth + 1, top, slotWidth - 2, tall)]
    })
  })
}

function bar(fate: Fate, x: number, y: number, wide: number, tall: number): Html {
  const place = html`x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${wide.toFixed(1)}" height="${tall.toFixed(1)}"`
  if (fate === 'missing')
    return html`<rect ${place} fill="none" stroke="var(--stopped)" stroke-width="1.2" stroke-dasharray="2 1.5"/>`
  return html`<rect ${place} fill="var(--${fate === 'clear' ? 'clear' : 'sealed'})"/>`
}

function swatch(fate: Fate): Html {
  return html`<svg viewBox="0 0 12 12" aria-hidden="true">${bar(fate, 1, 1, 10, 10)}</svg>`
}
