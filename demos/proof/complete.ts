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
  const { scope } = arm.facts
  const nodes = scope?.nodes
  const narrowed = scope !== undefined && nodes === undefined
  const senders = nodes ? 'pods and nodes' : 'pods'
  const uncovered = sent.filter(({ isCovered }) => !isCovered)
  const heldBack = sent.filter(({ fate, seen }) => fate === 'missing' && isHeldBack(arm, seen))
  const held = new Set(heldBack)
  const missing = sent.filter(
    (each) => each.fate !== (each.isCovered ? 'encrypted' : 'clear') && !held.has(each),
  )
  const encrypted = sent.filter(({ fate }) => fate === 'encrypted')
  const detoured = encrypted.filter(({ hops, routers }) => hops !== routers)
  const miscounted = encrypted.filter(({ rightChecksum }) => !rightChecksum)
  const inVxlan = encrypted.filter((each) => each.inVxlan).length
  const numbers = {
    sent: sent.length,
    encrypted: encrypted.length,
    timeToLiveLowered: encrypted.length - detoured.length,
    checksumFollows: encrypted.length - miscounted.length,
    reassembled: encrypted.filter(({ reassembled }) => reassembled).length,
    ...(inVxlan > 0 && { inVxlan }),
    ...(narrowed && { clearByPolicy: uncovered.filter(({ fate }) => fate === 'clear').length }),
    ...(nodes && { ofNodes: encrypted.filter(({ routers }) => routers === 0).length }),
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
    ...extra.map(({ seen, inner }) =>
      offender(seen, `${conversation(inner)} was sent by no pod${nodes ? ' and no node' : ''}`),
    ),
    ...misdirected.map(({ seen, inner }) =>
      offender(
        seen,
        `${conversation(inner)} went from ${seen.frame.source} to ${seen.frame.destination}, not between its nodes`,
      ),
    ),
    ...detoured.map(({ seen, hops, routers }) =>
      offender(seen, `${conversation(seen.frame)}: time to live went down by ${hops}, not by ${routers}`),
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
      `${plural(unopened, 'ESP packet')} could not be opened, and ${plural(missing.length, 'packet')} that ${senders} sent ${missing.length === 1 ? 'is' : 'are'} missing.`,
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
      `Of ${plural(sent.length, 'packet')} that ${senders} sent to other nodes: ${counts.join(', ')}; the first: ${offenders[0].why}.`,
      offenders,
    )
  }
  const beside = narrowed
    ? ` The ${plural(uncovered.length, 'packet')} that the policy does not cover ${uncovered.length === 1 ? 'is' : 'are'} there in clear, every one.`
    : ''
  const but = held.size > 0 ? ` ${plural(held.size, 'packet')} had to be held back.` : ''
  const inFragments =
    numbers.reassembled > 0 ? `, ${numbers.reassembled} of them put together from fragments` : ''
  const tunnelled =
    inVxlan > 0
      ? `, ${inVxlan === encrypted.length ? 'each' : `${inVxlan} of them`} in VXLAN from node to node`
      : ''
  const ofWhom = narrowed ? ` of ${scope.what}` : ''
  const themselves = nodes ? `, ${numbers.ofNodes} of them what nodes sent themselves` : ''
  return outcome(
    'holds',
    `The ${plural(encrypted.length, 'decrypted packet')} ${encrypted.length === 1 ? 'is' : 'are'} exactly what the ${senders} sent to other nodes${ofWhom}${themselves}${tunnelled}${inFragments}: none missing, none extra, and nothing changed but the time to live${nodes ? ' of what pods sent' : ''}, lower by one, and the checksum that follows from it.${beside}${but}`,
  )
}
