import { type Html, html } from './html.ts'
import type { Fate, Passage } from './passages.ts'

export const fateWords: Readonly<Record<Fate, string>> = {
  encrypted: 'encrypted',
  clear: 'in clear',
  uncovered: 'in clear by policy',
  missing: 'stopped',
}

const fates = ['encrypted', 'missing', 'uncovered', 'clear'] as const

/** When an arm's traffic began, and how long it took, in nanoseconds. */
export interface Span {
  readonly start: bigint
  readonly length: number
}

export function spanOf(passages: readonly Passage[]): Span {
  const start = passages[0]?.time ?? 0n
  const end = passages.at(-1)?.time ?? start
  return { start, length: Number(end - start) || 1 }
}

/** How many packets met each fate; those that none met are left out. */
export function totals(passages: readonly Passage[]): { readonly fate: Fate; readonly count: string }[] {
  return fates.flatMap((fate) => {
    const count = passages.filter((passage) => passage.fate === fate).length
    return count > 0 ? [{ fate, count: count.toLocaleString('en') }] : []
  })
}

/** Such as `12 encrypted, 3 in clear`. */
export function tally(passages: readonly Passage[]): string {
  return (
    totals(passages)
      .map(({ fate, count }) => `${count} ${fateWords[fate]}`)
      .join(', ') || 'no packet'
  )
}

const width = 240

/**
 * Packets from left to right in the order of time, stacked where many fall together.
 *
 * @param height in units of which the strip is 240 wide.
 */
export function strip(
  passages: readonly Passage[],
  { start, length }: Span,
  { height, slots }: { readonly height: number; readonly slots: number },
): Html {
  const counts = Array.from({ length: slots }, () => ({ encrypted: 0, clear: 0, uncovered: 0, missing: 0 }))
  for (const { time, fate } of passages) {
    const share = Number(time - start) / length
    counts[Math.min(slots - 1, Math.max(0, Math.floor(share * slots)))]![fate]++
  }
  const most = Math.max(1, ...counts.map((slot) => fates.reduce((sum, fate) => sum + slot[fate], 0)))
  const wide = width / slots
  const bars = counts.flatMap((slot, index) => {
    let top = height
    return fates.flatMap((fate) => {
      if (slot[fate] === 0) return []
      // A single packet in a busy moment stays visible.
      const tall = Math.max(height / 6, (slot[fate] / most) * height)
      top -= tall
      return [bar(fate, index * wide + wide * 0.08, Math.max(0, top), wide * 0.84, tall)]
    })
  })
  return html`<svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" aria-hidden="true" style="height:${height / 16}rem">${bars}<line x1="0" y1="${height}" x2="${width}" y2="${height}" stroke="var(--line)"/></svg>`
}

export function bar(fate: Fate, x: number, y: number, wide: number, tall: number): Html {
  const place = html`x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${wide.toFixed(1)}" height="${tall.toFixed(1)}"`
  // Hollow, so that it is told apart from the others without colour.
  if (fate === 'missing' || fate === 'uncovered')
    return html`<rect ${place} fill="none" stroke="var(--${fate === 'missing' ? 'stopped' : 'clear'})" vector-effect="non-scaling-stroke"/>`
  return html`<rect ${place} fill="var(--${fate === 'clear' ? 'clear' : 'sealed'})"/>`
}

export function swatch(fate: Fate): Html {
  return html`<svg viewBox="0 0 12 12" aria-hidden="true">${bar(fate, 1, 1, 10, 10)}</svg>`
}
