import { type Outcome, offendersShown, plural } from './check.ts'
import { conversation } from './cleartext.ts'
import { isHeldBack } from './denials.ts'
import { nothingToJudge } from './instruments.ts'
import { type ArmView, offender } from './observe.ts'

const fateWords = { encrypted: 'encrypted', clear: 'in clear', missing: 'not' } as const

/**
 * Holds when the packets that come out of the ESP on the wire are exactly those that the pods sent to other nodes, as a
 * multiset, each sent from node to node of its addresses and changed in nothing but what one router has to change: the time
 * to live, lower by one, and the header's checksum, which follows from it.
 */
export function complete(arm: ArmView): Outcome {
  const { sent, extra, misdirected, unopened } = arm.account()
  const uncovered = sent.filter(({ isCovered }) => !isCovered)
  const heldBack = sent.filter(({ fate, seen }) => fate === 'missing' && isHeldBack(arm, seen))
  const held = new Set(heldBack)
  const missing = sent.filter(
    (each) => each.fate !== (each.isCovered ? 'encrypted' : 'clear') && !held.has(each),
  )
  const encrypted = sent.filter(({ fate }) => fate === 'encrypted')
  const detoured = encrypted.filter(({ hops }) => hops !== 1)
  const miscounted = encrypted.filter(({ rightChecksum }) => !rightChecksum)
  const numbers = {
    sent: sent.length,
    encrypted: encrypted.length,
    timeToLiveLowered: encrypted.length - detoured.length,
    checksumFollows: encrypted.length - miscounted.length,
    reassembled: encrypted.filter(({ reassembled }) => reassembled).length,
    ...(arm.facts.scope && { clearByPolicy: uncovered.filter(({ fate }) => fate === 'clear').length }),
    missing: missing.length,
    heldBack: heldBack.length,
    extra: extra.length,
    misdirected: misdirected.length,
    wrongTimeToLive: detoured.length,
    wrongChecksum: miscounted.length,
    unopened,
  }
  const outcome = (state: Outcome['state'], says: string, offenders: Outcome['offenders'] = []): Outcome => ({
    state,
    says,
    numbers,
    offenders: offenders.slice(0, offendersShown),
  })
  const nothing = nothingToJudge(arm)
  if (nothing) return outcome('inconclusive', nothing)

  const offenders = [
    ...missing.map(({ seen, fate }) =>
      offender(seen, `${conversation(seen.frame)} was sent and is ${fateWords[fate]} on the wire`),
    ),
    ...extra.map(({ seen, inner }) => offender(seen, `${conversation(inner)} was sent by no pod`)),
    ...misdirected.map(({ seen, inner }) =>
      offender(
        seen,
        `${conversation(inner)} went from ${seen.frame.source} to ${seen.frame.destination}, not between its nodes`,
      ),
    ),
    ...detoured.map(({ seen, hops }) =>
      offender(seen, `${conversation(seen.frame)}: time to live went down by ${hops}, not by 1`),
    ),
    ...miscounted.map(({ carrier, seen }) =>
      offender(carrier!, `${conversation(seen.frame)}: its header's checksum on the wire is wrong`),
    ),
  ]
  // A packet that could not be opened may be one that is missed; what it is, only the integrity check says.
  const explained = missing.length > 0 && missing.length <= unopened && offenders.length === missing.length
  if (explained)
    return outcome(
      'inconclusive',
      `${plural(unopened, 'ESP packet')} could not be opened, and ${plural(missing.length, 'packet')} that pods sent ${missing.length === 1 ? 'is' : 'are'} missing.`,
      offenders,
    )
  if (offenders[0]) {
    const counts = [
      [missing.length, 'missing'],
      [extra.length, 'extra'],
      [misdirected.length, 'between the wrong nodes'],
      [detoured.length, 'with a wrong time to live'],
      [miscounted.length, 'with a wrong checksum'],
    ].flatMap(([count, what]) => (count ? [`${count} ${what}`] : []))
    return outcome(
      'fails',
      `Of ${plural(sent.length, 'packet')} that pods sent to other nodes: ${counts.join(', ')}; the first: ${offenders[0].why}.`,
      offenders,
    )
  }
  const beside = arm.facts.scope
    ? ` The ${plural(uncovered.length, 'packet')} that the policy does not cover ${uncovered.length === 1 ? 'is' : 'are'} there in clear, every one.`
    : ''
  const but = held.size > 0 ? ` ${plural(held.size, 'packet')} had to be held back.` : ''
  const inFragments =
    numbers.reassembled > 0 ? `, ${numbers.reassembled} of them put together from fragments` : ''
  return outcome(
    'holds',
    `The ${plural(encrypted.length, 'decrypted packet')} ${encrypted.length === 1 ? 'is' : 'are'} exactly what the pods sent to other nodes${arm.facts.scope ? ` of ${arm.facts.scope.what}` : ''}${inFragments}: none missing, none extra, and nothing changed but the time to live, lower by one, and the checksum that follows from it.${beside}${but}`,
  )
}
