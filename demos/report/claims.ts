import {
  type CheckId,
  type CheckResult,
  checkIds,
  expectedState,
  isBotched,
  isMisspelt,
  isSabotage,
  isSealed,
  type Judgement,
} from '../proof/index.ts'
import { type Html, html } from './html.ts'

const claims: Readonly<Record<CheckId, string>> = {
  'app.delivered': 'Everything sent arrived, unchanged',
  'app.lossless': 'Nothing sent while it changed was lost or came twice',
  'policy.enforced': 'What policy denied was stopped and named, and went on when allowed',
  'addresses.apart': 'Who inherits an address has traffic and keys of its own',
  'intruders.stopped': 'What no pod sent arrived nowhere, and was named',
  'wire.no-cleartext': 'Nothing on the wire outside encryption that is to be encrypted',
  'wire.no-canary': 'No canary anywhere on the wire, in any form',
  'wire.authentic': 'Every encrypted packet is sealed with the nodes’ keys',
  'wire.complete': 'What was encrypted is exactly what was sent',
  'wire.unique': 'No sequence number and no nonce used twice',
  'wire.counted': 'The kernels counted what the wire showed',
  'control.seen': 'With encryption off, the instruments saw everything',
  'scope.side-by-side': 'What no policy covers crossed the same wire, readable',
  'sabotage.caught': 'What was broken on purpose was noticed',
}

/** Each claim, what became of it in each arm, and the numbers of the arm in which it counts most. */
export function claimsTable(judgement: Judgement): Html {
  const asked = new Set(judgement.checks.map(({ id }) => id))
  const others = checkIds.filter((id) => !asked.has(id))
  return html`<div class="scroll" role="region" aria-label="Claims and checks" tabindex="0">
<table class="claims">
<thead><tr><th scope="col">Claim</th><th scope="col" class="mark">Control</th><th scope="col" class="mark">Encrypted</th><th scope="col" class="mark">Broken on purpose</th><th scope="col">Numbers</th></tr></thead>
<tbody>${checkIds.filter((id) => asked.has(id)).map((id) => claimRow(id, judgement))}</tbody>
</table></div>${others.length > 0 && notAskedNote(others)}`
}

function notAskedNote(ids: readonly CheckId[]): Html {
  return html`
<p class="lead">Not asked in the arms that were played: <span class="mono">${ids.join(', ')}</span>.</p>`
}

function claimRow(id: CheckId, { checks }: Judgement): Html {
  const results = checks.filter((result) => result.id === id)
  const broken = results.filter(({ arm }) => isSabotage(arm) || isBotched(arm) || isMisspelt(arm))
  const control = results.find(({ arm }) => arm === 'control')
  const sealed = results.find(isSurpriseInSealed) ?? results.find(({ arm }) => isSealed(arm))
  const surprise = results.find(isSurprise)
  const says = (surprise ?? sealed ?? control)?.says ?? 'See below.'
  return html`<tr><th scope="row">${claims[id]}<span class="mono">${id}</span></th>${mark(control)}${mark(sealed)}${markOfMany(broken)}<td class="says">${says}</td></tr>
`
}

function isSurpriseInSealed(result: CheckResult): boolean {
  return isSealed(result.arm) && isSurprise(result)
}

function isSurprise({ arm, id, state }: CheckResult): boolean {
  return state !== expectedState(arm, id)
}

function mark(result: CheckResult | undefined): Html {
  if (!result) return notAsked
  if (result.state === 'inconclusive') return cell('open', '?', 'inconclusive')
  if (isSurprise(result)) return cell('surprise', '✗', 'fails')
  return result.state === 'fails'
    ? cell('caught', '✗', 'leak seen, as it must')
    : cell('as-expected', '✓', 'holds')
}

/** The same check in every arm in which something was broken. */
function markOfMany(results: readonly CheckResult[]): Html {
  if (results.length === 0) return notAsked
  const count = (wanted: (result: CheckResult) => boolean) => results.filter(wanted).length
  const surprises = count(isSurprise)
  if (surprises > 0) return cell('surprise', '✗', `${surprises} of ${results.length} not as it must be`)
  const holds = count(({ state }) => state === 'holds')
  const fails = results.length - holds
  const words = [holds > 0 && `holds in ${holds}`, fails > 0 && `fails in ${fails}, as it must`]
  return cell(fails > 0 && holds === 0 ? 'caught' : 'as-expected', '✓', words.filter(Boolean).join('; '))
}

const notAsked = html`<td class="mark"><span class="word" aria-label="not asked">·</span></td>`

function cell(tone: string, glyph: string, word: string): Html {
  return html`<td class="mark ${tone}"><span class="glyph" aria-hidden="true">${glyph}</span><span class="word">${word}</span></td>`
}

/**
 * The first frames that made a check fail.
 *
 * @param name of the table, no other of the page having the same.
 */
export function offendersTable(results: readonly CheckResult[], name: string): Html {
  const rows = results.flatMap((result) => result.offenders.map((each) => ({ ...each, id: result.id })))
  return html`<div class="scroll" role="region" aria-label="${name}" tabindex="0">
<table class="frames">
<thead><tr><th scope="col">Frame</th><th scope="col">Interface</th><th scope="col">Check</th><th scope="col" class="why">What it shows</th></tr></thead>
<tbody>${rows.map(
    ({ file, frame, interface: on, id, why }) =>
      html`<tr><td class="mono">${file} ${frame}</td><td class="mono">${on}</td><td class="mono">${id}</td><td class="why">${why}</td></tr>
`,
  )}</tbody></table></div>`
}
