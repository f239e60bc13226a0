import {
  type ArmName,
  armNames,
  type CheckId,
  type CheckResult,
  checkIds,
  expectedState,
  type Judgement,
} from '../proof/index.ts'
import { type Html, html } from './html.ts'

const claims: Readonly<Record<CheckId, string>> = {
  'app.delivered': 'Everything sent arrived, unchanged',
  'wire.no-cleartext': 'No pod address on the wire outside encryption',
  'wire.no-canary': 'No canary anywhere on the wire, in any form',
  'wire.authentic': 'Every encrypted packet is sealed with the nodes’ keys',
  'wire.complete': 'What was encrypted is exactly what the pods sent',
  'wire.unique': 'No sequence number and no nonce used twice',
  'wire.counted': 'The kernels counted what the wire showed',
  'control.seen': 'With encryption off, the instruments saw everything',
  'sabotage.caught': 'What was broken on purpose was noticed',
}

export const armTitles: Readonly<Record<ArmName, string>> = {
  control: 'Control',
  encrypted: 'Encrypted',
  'sabotage-permissive': 'Sabotage, permissive',
  'sabotage-strict': 'Sabotage, strict',
}

/** Each claim, what became of it in each arm, and the numbers of the arm in which it counts most. */
export function claimsTable(judgement: Judgement): Html {
  const played = armNames.filter((name) => judgement.arms[name])
  return html`<div class="scroll" role="region" aria-label="Claims and checks" tabindex="0">
<table class="claims">
<thead><tr><th scope="col">Claim</th>${played.map((name) => html`<th scope="col" class="mark">${armTitles[name]}</th>`)}<th scope="col">Numbers</th></tr></thead>
<tbody>${checkIds.map((id) => claimRow(id, played, judgement))}</tbody>
</table></div>`
}

function claimRow(id: CheckId, played: readonly ArmName[], { checks }: Judgement): Html {
  const results = checks.filter((result) => result.id === id)
  const surprise = results.find((result) => result.state !== expectedState(result.arm, id))
  const telling = surprise
    ? [surprise]
    : id === 'sabotage.caught'
      ? results
      : [results.find(({ arm }) => arm === 'encrypted') ?? results[0]].flatMap((each) => each ?? [])
  return html`<tr><th scope="row">${claims[id]}<span class="mono">${id}</span></th>${played.map((arm) => mark(results.find((result) => result.arm === arm)))}<td class="says">${telling.map(({ says }) => html`<p>${says}</p>`)}${telling.length === 0 && 'Not asked in the arms that were played.'}</td></tr>
`
}

function mark(result: CheckResult | undefined): Html {
  if (!result) return html`<td class="mark"><span class="word" aria-label="not asked">·</span></td>`
  const { state, arm, id } = result
  const expected = state === expectedState(arm, id)
  if (state === 'inconclusive') return cell('open', '?', 'inconclusive')
  if (expected && state === 'fails') return cell('caught', '✗', 'leak seen, as it must')
  return expected ? cell('as-expected', '✓', 'holds') : cell('surprise', '✗', 'fails')
}

function cell(tone: string, glyph: string, word: string): Html {
  return html`<td class="mark ${tone}"><span class="glyph" aria-hidden="true">${glyph}</span><span class="word">${word}</span></td>`
}

/** The first frames that made a check fail. */
export function offendersTable(results: readonly CheckResult[]): Html {
  const rows = results.flatMap((result) => result.offenders.map((each) => ({ ...each, id: result.id })))
  return html`<div class="scroll" role="region" aria-label="Frames" tabindex="0">
<table class="frames">
<thead><tr><th scope="col">Frame</th><th scope="col">Interface</th><th scope="col">Check</th><th scope="col" class="why">What it shows</th></tr></thead>
<tbody>${rows.map(
    ({ file, frame, interface: on, id, why }) =>
      html`<tr><td class="mono">${file} ${frame}</td><td class="mono">${on}</td><td class="mono">${id}</td><td class="why">${why}</td></tr>
`,
  )}</tbody></table></div>`
}
