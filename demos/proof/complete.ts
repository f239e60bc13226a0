import { type Outcome, offendersShown, plural } from './check.ts'
import { conversation } from './cleartext.ts'
import { nothingToJudge } from './instruments.ts'
import { type ArmView, offender } from './observe.ts'

/**
 * Holds when the packets that come out of the ESP on the wire are exactly those that the pods sent to other nodes, as a
 * multiset, each forwarded by one router and sent from node to node of its addresses.
 */
export function complete(arm: ArmView): Outcome {
  const { sent, extra, misdirected, unopened } = arm.account()
  const missing = sent.filter(({ fate }) => fate !== 'encrypted')
  const detoured = sent.filter(({ fate, hops }) => fate === 'encrypted' && hops !== 1)
  const numbers = {
    sent: sent.length,
    encrypted: sent.length - missing.length,
    missing: missing.length,
    extra: extra.length,
    misdirected: misdirected.length,
    wrongTimeToLive: detoured.length,
    unopened,
  }
  const covers = 'IPv4; packets that a node fragments before encryption count as missing and extra.'
  const outcome = (state: Outcome['state'], says: string, offenders: Outcome['offenders'] = []): Outcome => ({
    state,
    says,
    numbers,
    offenders: offenders.slice(0, offendersShown),
    covers,
  })
  const nothing = nothingToJudge(arm)
  if (nothing) return outcome('inconclusive', nothing)

  const offenders = [
    ...missing.map(({ seen, fate }) =>
      offender(
        seen,
        `${conversation(seen.frame)} was sent and is ${fate === 'clear' ? 'in clear' : 'not'} on the wire`,
      ),
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
    ].flatMap(([count, what]) => (count ? [`${count} ${what}`] : []))
    return outcome(
      'fails',
      `Of ${plural(sent.length, 'packet')} that pods sent to other nodes: ${counts.join(', ')}; the first: ${offenders[0].why}.`,
      offenders,
    )
  }
  return outcome(
    'holds',
    `The ${plural(sent.length, 'decrypted packet')} ${sent.length === 1 ? 'is' : 'are'} exactly what the pods sent to other nodes: none missing, none extra.`,
  )
}
