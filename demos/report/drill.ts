import {
  type CheckResult,
  expectedState,
  type Judgement,
  modes,
  type RunView,
  type SabotageArm,
  sabotageKinds,
} from '../proof/index.ts'
import { consequenceTitle, sabotageTitles } from './arm-words.ts'
import { offendersTable } from './claims.ts'
import { type Html, html } from './html.ts'

/** What was broken on purpose, and what came of it with strict mode off and on. */
export function drillSection(run: RunView, judgement: Judgement): Html | undefined {
  const kinds = sabotageKinds.filter((kind) => modes.some((mode) => run.arms.has(`${kind}/${mode}`)))
  if (kinds.length === 0) return undefined
  const caught = judgement.checks.filter(
    ({ arm, id, state, offenders }) =>
      id === 'sabotage.caught' && state === 'holds' && offenders.length > 0 && run.arms.has(arm),
  )
  return html`<section aria-labelledby="drill"><h2 id="drill">Broken on purpose</h2>
<p class="lead">What had to be seen was laid down beforehand. A detector that has never gone off has not been tested.</p>
<div class="scroll" role="region" aria-label="What was broken, and what came of it" tabindex="0"><table class="drill">
<thead><tr><th scope="col">What was broken</th>${modes.map((mode) => html`<th scope="col">Strict mode ${mode === 'strict' ? 'on' : 'off'}</th>`)}</tr></thead>
<tbody>${kinds.map((kind) => {
    const arms = modes.map((mode): SabotageArm => `${kind}/${mode}`)
    const what = arms.flatMap((arm) => run.arms.get(arm)?.facts.sabotage ?? [])[0]?.what
    return html`<tr><th scope="row">${sabotageTitles[kind]}<span class="soft">${what}</span></th>${arms.map((arm) => cell(arm, judgement))}</tr>
`
  })}</tbody></table></div>
${caught.length > 0 && html`<h3>The first frames that gave it away</h3>${offendersTable(caught.map(firstTwo), 'The frames that gave it away')}`}</section>`
}

function cell(arm: SabotageArm, { checks }: Judgement): Html {
  const result = checks.find((check) => check.arm === arm && check.id === 'sabotage.caught')
  if (!result) return html`<td>not played</td>`
  const surprise = checks.find((check) => check.arm === arm && check.state !== expectedState(arm, check.id))
  const [tone, glyph, word] = surprise
    ? surprise.state === 'inconclusive'
      ? ['open', '?', 'inconclusive']
      : ['surprise', '✗', 'not what must be seen']
    : ['as-expected', '✓', consequenceTitle(arm)]
  return html`<td class="${tone}"><strong><span aria-hidden="true">${glyph} </span>${word}</strong><p>${(surprise ?? result).says}</p></td>`
}

function firstTwo(result: CheckResult): CheckResult {
  return { ...result, offenders: result.offenders.slice(0, 2) }
}
