import { type ArmName, type Judgement, type RunView, sabotageOf } from '../proof/index.ts'
import { armTitle, sabotageTitles } from './arm-words.ts'
import { type Html, html } from './html.ts'
import { type Passage, passagesOf } from './passages.ts'
import { type Span, spanOf, strip, swatch, tally, totals } from './strip.ts'

/** More flows than this are shown by pairs of nodes. */
const mostFlows = 60

interface Column {
  readonly arm: ArmName
  readonly passages: readonly Passage[]
  readonly span: Span
}

/** Who sent to whom: a row for each, a column for each arm, each packet in its place in time. */
export function timeline(run: RunView, judgement: Judgement): Html {
  const columns = [...run.arms].map(([arm, view]): Column => {
    const passages = passagesOf(view)
    return { arm, passages, span: spanOf(passages) }
  })
  const flowOf = flowNames(run, columns)
  const flows = [...new Set(columns.flatMap(({ passages }) => passages.map(flowOf)))].sort()
  const isScopedRun = columns.some(({ passages }) => passages.some(({ fate }) => fate === 'uncovered'))
  const byFlow = columns.map(({ passages }) => Map.groupBy(passages, flowOf))
  return html`<ul class="key"><li>${swatch('encrypted')}encrypted on the wire</li><li>${swatch('clear')}in clear on the wire</li>${isScopedRun && html`<li>${swatch('uncovered')}in clear, as no policy covers it</li>`}<li>${swatch('missing')}stopped before the wire</li></ul>
<div class="scroll" role="region" aria-label="Flows in every arm" tabindex="0">
<table class="flows" style="min-width:${9 + columns.length * 3.2}rem">
<thead>${heading(columns, judgement)}</thead>
<tbody><tr class="all"><th scope="row">All of them</th>${columns.map(({ passages, span }) => html`<td>${strip(passages, span, { height: 44, slots: slotsFor(columns) })}${totals(passages).map(({ fate, count }) => html`<span class="count" aria-hidden="true">${swatch(fate)}${count}</span>`)}<span class="heard">${tally(passages)}</span></td>`)}</tr>
${flows.map(
  (
    flow,
  ) => html`<tr><th scope="row">${flow}</th>${columns.map((column, index) => cell(column, byFlow[index]!.get(flow) ?? [], slotsFor(columns)))}</tr>
`,
)}</tbody></table></div>`
}

function slotsFor(columns: readonly Column[]): number {
  return columns.length > 6 ? 20 : 48
}

/** What was broken stands over its two modes. */
function heading(columns: readonly Column[], judgement: Judgement): Html {
  const chip = (arm: ArmName) => {
    const verdict = judgement.arms[arm]?.verdict ?? 'INCONCLUSIVE'
    return html`<span class="chip ${verdict}">${verdict}</span>`
  }
  const kinds = new Map(columns.map(({ arm }) => [arm, sabotageOf(arm)]))
  const first = columns.flatMap(({ arm }, index) => {
    const kind = kinds.get(arm)?.kind
    if (!kind) return [html`<th scope="col" rowspan="2">${armTitle(arm)}${chip(arm)}</th>`]
    const previous = columns[index - 1]
    if (previous && kinds.get(previous.arm)?.kind === kind) return []
    const span = columns.filter((column) => kinds.get(column.arm)?.kind === kind).length
    return [html`<th scope="colgroup" colspan="${span}">${sabotageTitles[kind]}</th>`]
  })
  const second = columns.flatMap(({ arm }) => {
    const mode = kinds.get(arm)?.mode
    if (!mode) return []
    return [
      html`<th scope="col"><span class="heard">Strict mode </span>${mode === 'strict' ? 'on' : 'off'}${chip(arm)}</th>`,
    ]
  })
  return html`<tr><td></td>${first}</tr><tr><td class="soft" aria-hidden="true">strict mode</td>${second}</tr>`
}

function cell({ span }: Column, passages: readonly Passage[], slots: number): Html {
  if (passages.length === 0)
    return html`<td><span class="none">–</span><span class="heard">no packet</span></td>`
  return html`<td title="${tally(passages)}">${strip(passages, span, { height: 13, slots })}<span class="heard">${tally(passages)}</span></td>`
}

function flowNames(run: RunView, columns: readonly Column[]): (passage: Passage) => string {
  const byPod = ({ fromPod, toPod }: Passage) => `${fromPod} → ${toPod}`
  const flows = new Set(columns.flatMap(({ passages }) => passages.map(byPod)))
  if (flows.size <= mostFlows) return byPod
  const nodes = new Map(run.material.facts.pods.map(({ name, node }) => [name, node]))
  return ({ fromPod, toPod }) => `${nodes.get(fromPod)} → ${nodes.get(toPod)}`
}
