import type { EspSa } from 'tcpdump-parse'
import type { SecurityAssociation } from '../../agent/api.ts'
import { noEsp, type Outcome, offendersShown, plural } from './check.ts'
import { associationId, associationIdOf } from './esp-sa.ts'
import { type ArmView, offender, type SeenFrame } from './observe.ts'
import { reassemble } from './reassembly.ts'

/** Why an ESP packet does not open. */
export const openFailures = {
  'no-sa': 'no security association has this SPI and these addresses',
  'bad-icv': 'the integrity check value does not verify under the SA',
  malformed: 'the packet is no whole ESP packet',
  'bad-padding': 'the padding is not that of RFC 4303',
} as const

/** Holds when every ESP packet on the wire verifies under a security association that its sender and its receiver both hold. */
export function authentic(arm: ArmView): Outcome {
  const pieces = arm.wire.filter(isPieceOfEsp)
  const lonely = withoutTheirWhole(pieces)
  const esp = arm.wire.filter(({ opened }) => opened)
  const rejected = esp.flatMap((seen) => (seen.opened?.ok === false ? [{ seen, opened: seen.opened }] : []))
  const numbers = {
    esp: esp.length,
    authentic: esp.length - rejected.length,
    rejected: rejected.length,
    fragments: pieces.length,
    fragmentsWithoutRest: lonely.length,
  }
  if (rejected[0]) {
    const why = ({ opened }: (typeof rejected)[number]) =>
      `SPI 0x${opened.spi.toString(16)} sequence ${opened.sequence}: ${openFailures[opened.reason]}`
    return {
      state: 'fails',
      says: `${rejected.length} of ${plural(esp.length, 'ESP packet')} ${rejected.length === 1 ? 'is' : 'are'} not authentic, the first: ${why(rejected[0])}.`,
      numbers,
      offenders: rejected.slice(0, offendersShown).map((each) => offender(each.seen, why(each))),
    }
  }
  const holders = holdersOf([...arm.associations.before, ...arm.associations.after])
  const disowned = esp.flatMap((seen) => {
    const why = seen.opened?.ok ? holders(seen.opened.sa) : undefined
    return why === undefined ? [] : [{ seen, why }]
  })
  if (disowned[0])
    return {
      state: 'fails',
      says: `${disowned.length} of ${plural(esp.length, 'ESP packet')} verify under a key that not both ends hold, the first: ${disowned[0].why}.`,
      numbers,
      offenders: disowned.slice(0, offendersShown).map(({ seen, why }) => offender(seen, why)),
    }
  if (lonely[0])
    return {
      state: 'inconclusive',
      says: `${plural(lonely.length, 'fragment')} of ESP packets cannot be verified: the rest of the packet is not in the capture.`,
      numbers,
      offenders: lonely.slice(0, offendersShown).map((seen) => offender(seen, 'a fragment of an ESP packet')),
    }
  if (esp.length === 0) return noEsp(numbers)
  return {
    state: 'holds',
    says: `All ${plural(esp.length, 'ESP packet')} verify under the security associations read from the nodes.`,
    numbers,
    offenders: [],
  }
}

function isPieceOfEsp({ frame }: SeenFrame): boolean {
  const { fragment, ipv4, ipv6 } = frame
  return fragment !== undefined && (frame.esp !== undefined || (ipv4 ?? ipv6)?.protocol === 50)
}

function withoutTheirWhole(pieces: readonly SeenFrame[]): SeenFrame[] {
  const found = new Set<SeenFrame>()
  for (const ofPort of Map.groupBy(pieces, ({ instrument }) => instrument).values())
    for (const { pieces } of reassemble(ofPort, (seen) => seen)) for (const piece of pieces) found.add(piece)
  return pieces.filter((piece) => !found.has(piece))
}

/** Says which end of a security association, as read from its node, does not hold the key; undefined when both do. */
function holdersOf(associations: readonly SecurityAssociation[]): (sa: EspSa) => string | undefined {
  const held = new Set(associations.map((sa) => `${sa.direction} ${associationId(sa)}`))
  const known = new Map<EspSa, string | undefined>()
  const missing = (sa: EspSa) => {
    const absent = (['out', 'in'] as const).find(
      (direction) => !held.has(`${direction} ${associationIdOf(sa)}`),
    )
    const end = absent === 'out' ? `the sender, ${sa.source},` : `the receiver, ${sa.destination},`
    return absent && `SPI 0x${sa.spi.toString(16)}: ${end} does not hold the key that opens it`
  }
  return (sa) => {
    if (!known.has(sa)) known.set(sa, missing(sa))
    return known.get(sa)
  }
}
