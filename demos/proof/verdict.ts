import { addressesApart } from './addresses-apart.ts'
import { appDelivered } from './app-delivered.ts'
import { appLossless } from './app-lossless.ts'
import { type ArmName, isSealed, sabotageArms, sabotageOf } from './arms.ts'
import { authentic } from './authentic.ts'
import { botchOf, type ChangeKind, changeKinds, changeOf, isBotched, isChange, mishapOf } from './change.ts'
import type { CheckId, CheckState, Outcome } from './check.ts'
import { complete } from './complete.ts'
import { controlSeen } from './control-seen.ts'
import { counted } from './counted.ts'
import { intrudersStopped } from './intruders-stopped.ts'
import { noCanary } from './no-canary.ts'
import { noCleartext } from './no-cleartext.ts'
import type { ArmView, RunView } from './observe.ts'
import { policyEnforced } from './policy-enforced.ts'
import { consequenceOf, modes } from './sabotage.ts'
import { sabotageCaught } from './sabotage-caught/index.ts'
import type { CheckResult, Judgement, Verdict } from './schema.ts'
import { isMisspelt, misspeltOf, scopeKinds } from './scoped.ts'
import { sideBySide } from './side-by-side.ts'
import { unique } from './unique.ts'

export type { Judgement, Verdict } from './schema.ts'

/** By the table of exit codes: proven, leak, inconclusive. */
export const verdictExitCode: Readonly<Record<Verdict, number>> = { PROVEN: 0, LEAK: 1, INCONCLUSIVE: 5 }

type Check = (arm: ArmView, run: RunView) => Outcome

const checks: Readonly<Record<CheckId, Check>> = {
  'app.delivered': appDelivered,
  'app.lossless': appLossless,
  'policy.enforced': policyEnforced,
  'intruders.stopped': intrudersStopped,
  'addresses.apart': addressesApart,
  'wire.no-cleartext': noCleartext,
  'wire.no-canary': noCanary,
  'wire.authentic': authentic,
  'wire.complete': complete,
  'wire.unique': unique,
  'wire.counted': counted,
  'control.seen': controlSeen,
  'scope.side-by-side': sideBySide,
  'sabotage.caught': sabotageCaught,
}

const wireChecks = [
  'wire.no-cleartext',
  'wire.no-canary',
  'wire.authentic',
  'wire.complete',
  'wire.unique',
  'wire.counted',
] as const
/** Where something is broken packets are missing by design, so completeness is not asked for. */
const sabotageChecks = wireChecks.filter((id) => id !== 'wire.complete')

/** SAs that are torn out as soon as they are made are read by nobody, so neither they nor their counters are asked for. */
const botchedChecks: readonly CheckId[] = [
  'wire.no-cleartext',
  'wire.no-canary',
  'wire.unique',
  'sabotage.caught',
]

const cleartextChecks: readonly CheckId[] = ['wire.no-cleartext', 'wire.no-canary']

function checksOf(arm: ArmName): readonly CheckId[] {
  if (arm === 'control') return ['app.delivered', 'wire.no-cleartext', 'wire.no-canary', 'control.seen']
  // What nodes and pods elsewhere send each other in clear does not all arrive: strict mode refuses it.
  if (arm === 'nodes/misspelt') return [...cleartextChecks, 'sabotage.caught']
  // Nothing is sealed, so there is nothing to open or to count.
  if (isMisspelt(arm)) return ['app.delivered', ...cleartextChecks, 'sabotage.caught']
  if (arm === 'services') return ['app.delivered', ...wireChecks, 'scope.side-by-side']
  if (isChange(arm)) return ['app.delivered', 'app.lossless', ...ownChecks(arm), ...wireChecks]
  if (isBotched(arm)) return [...new Set([...mustFail(arm), ...botchedChecks])]
  return isSealed(arm) ? ['app.delivered', ...wireChecks] : [...sabotageChecks, 'sabotage.caught']
}

/** What a change has to show besides, in its own arm and, failing, where it was botched. */
function ownChecks(change: ChangeKind): readonly CheckId[] {
  const own: Partial<Record<ChangeKind, CheckId>> = {
    policy: 'policy.enforced',
    spoof: 'intruders.stopped',
    churn: 'addresses.apart',
  }
  const id = own[change]
  return id ? [id] : []
}

/** The checks that have to fail in an arm: they are what must notice what is wrong there on purpose. */
function mustFail(arm: ArmName): readonly CheckId[] {
  if (arm === 'control' || isMisspelt(arm)) return cleartextChecks
  if (isBotched(arm)) {
    const mishap = mishapOf(arm)
    if (mishap === 'arrival') return ownChecks(changeOf(arm)!)
    return mishap === 'leak' ? cleartextChecks : ['app.lossless']
  }
  const sabotage = sabotageOf(arm)
  if (!sabotage) return []
  const consequence = consequenceOf(sabotage)
  if (consequence === 'leak' || consequence === 'leak-refused') return cleartextChecks
  return consequence === 'receiver-refuses' ? ['wire.authentic'] : []
}

/** Checks that can be made without keys. */
export const keylessChecks: readonly CheckId[] = [
  'app.delivered',
  'app.lossless',
  'control.seen',
  'scope.side-by-side',
  ...cleartextChecks,
]

function outcomeOf(id: CheckId, arm: ArmView, run: RunView): Outcome {
  if (!run.material.keysWithheld || keylessChecks.includes(id)) return checks[id](arm, run)
  const says = 'Not to be said without the keys, which are withheld from this bundle.'
  return { state: 'inconclusive', says, numbers: {}, offenders: [] }
}

/** What a check must say in an arm. */
export function expectedState(arm: ArmName, id: CheckId): CheckState {
  return mustFail(arm).includes(id) ? 'fails' : 'holds'
}

/**
 * Judges a run. PROVEN when every check says in every arm what it must; LEAK when a wire check fails where it must hold;
 * INCONCLUSIVE otherwise: a control failed, an arm is missing, or the captures cannot tell.
 */
export function judge(run: RunView): Judgement {
  const results: CheckResult[] = []
  const arms: Judgement['arms'] = {}
  for (const [name, arm] of run.arms) {
    const ofArm = checksOf(name).map((id) => ({ id, arm: name, ...outcomeOf(id, arm, run) }))
    results.push(...ofArm)
    arms[name] = { verdict: armVerdict(ofArm), expected: mustFail(name).length > 0 ? 'LEAK' : 'PROVEN' }
  }
  return { ...overall(arms, results), arms, checks: results }
}

/**
 * A verdict needs a control, an arm in which all is encrypted that should be, something broken on purpose in both modes, and
 * of each change, and of a policy, the same botched.
 */
function missingArms(arms: Judgement['arms']): string[] {
  const changes = changeKinds.filter((kind) => arms[kind])
  const scopes = scopeKinds.filter((kind) => arms[kind])
  const missing: string[] = []
  if (!arms.control) missing.push('control')
  if (!arms.encrypted && scopes.length === 0 && changes.length === 0) missing.push('encrypted')
  missing.push(...changes.map(botchOf).filter((arm) => !arms[arm]))
  missing.push(...scopes.map(misspeltOf).filter((arm) => !arms[arm]))
  for (const mode of modes)
    if (!sabotageArms.some((arm) => arms[arm] && sabotageOf(arm)?.mode === mode))
      missing.push(`${mode} sabotage`)
  return missing
}

function armVerdict(results: readonly CheckResult[]): Verdict {
  if (results.some(({ id, state }) => state === 'fails' && id.startsWith('wire.'))) return 'LEAK'
  return results.every(({ state }) => state === 'holds') ? 'PROVEN' : 'INCONCLUSIVE'
}

function overall(
  arms: Judgement['arms'],
  results: readonly CheckResult[],
): Pick<Judgement, 'verdict' | 'says'> {
  const leak = results.find(
    ({ id, arm, state }) => state === 'fails' && id.startsWith('wire.') && expectedState(arm, id) === 'holds',
  )
  if (leak) return { verdict: 'LEAK', says: `${leak.id} fails in the ${leak.arm} arm: ${leak.says}` }
  const absent = missingArms(arms)
  if (absent.length > 0)
    return { verdict: 'INCONCLUSIVE', says: `The run has no ${absent.join(', ')} arm, so nothing is proven.` }
  const surprise = results.find(({ id, arm, state }) => state !== expectedState(arm, id))
  if (surprise) {
    const what =
      surprise.state === 'inconclusive'
        ? 'is inconclusive'
        : surprise.state === 'fails'
          ? 'fails'
          : 'holds where it must not'
    return {
      verdict: 'INCONCLUSIVE',
      says: `${surprise.id} ${what} in the ${surprise.arm} arm: ${surprise.says}`,
    }
  }
  const sealed = results.filter(({ id, arm }) => id === 'wire.complete' && isSealed(arm))
  const encrypted = sealed.reduce((sum, { numbers }) => sum + (numbers.encrypted ?? 0), 0)
  return {
    verdict: 'PROVEN',
    says: `All ${results.length} checks in ${Object.keys(arms).length} arms say what they must: ${encrypted} packets between nodes crossed the wire encrypted, none${arms.services ? ' of those that the policy covers' : ''} in clear, and the same instruments saw the leak where there was one.`,
  }
}
