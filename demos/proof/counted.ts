import type { SecurityAssociation } from '../../agent/api.ts'
import { type Outcome, offendersShown, plural } from './check.ts'
import { associationId } from './esp-sa.ts'
import { instrumentFaults } from './instruments.ts'
import { type ArmView, offender, type RunView, type SeenFrame } from './observe.ts'
import { fullSequence, isWithin, type SequenceRange } from './sequence.ts'

/** What one SA's kernel says that it sent or took between two readings. */
interface Growth {
  readonly sa: SecurityAssociation
  readonly packets: number
  readonly bytes: number
  /** The sequence numbers used meanwhile. */
  readonly sequences: SequenceRange
}

/** What the capture holds of one SA. */
interface Tally {
  readonly first: SeenFrame
  readonly packets: readonly SeenFrame[]
}

/** Where kernel and capture do not agree. */
interface Mismatch {
  readonly why: string
  readonly seen?: SeenFrame
}

/**
 * Holds when, for every SA, the packets that its kernel counted between two readings are those captured, by sequence number
 * and by the bytes in them; the receiver's kernel counted no more; and every instrument recorded everything. Both readings
 * are taken while the instruments listen: what was captured before the first or after the second is not counted.
 */
export function counted(arm: ArmView, { material }: Pick<RunView, 'material'>): Outcome {
  const tallies = tally(arm.wire)
  const { before, after } = arm.associations
  const growths = after.map((sa) => growth(sa, before))
  const outbound = growths.filter(({ sa }) => sa.direction === 'out')
  const inbound = growths.filter(({ sa }) => sa.direction === 'in')
  const faults = instrumentFaults(arm, material.facts)
  const tooMany: Mismatch[] = []
  const tooFew: string[] = []
  let captured = 0
  let capturedBytes = 0
  let besides = 0
  for (const each of outbound) {
    const found = compare(arm, each, tallies.of(each.sa))
    captured += found.packets
    capturedBytes += found.bytes
    besides += found.besides
    if (found.tooMany) tooMany.push(found.tooMany)
    else if (found.tooFew) tooFew.push(found.tooFew)
  }
  for (const { sa, packets } of inbound) {
    const seen = tallies.between(sa)
    if (packets > seen)
      tooFew.push(
        `SPI 0x${sa.spi.toString(16)}: ${sa.node} counted ${packets} packets in, ${seen} were captured`,
      )
  }
  const owned = new Set(outbound.map(({ sa }) => keyedIdentifier(sa)))
  for (const [id, { packets, first }] of tallies.opened)
    if (!owned.has(id))
      tooMany.push({
        why: `SPI 0x${first.opened!.spi.toString(16)}: ${packets.length} packets captured, and no sender has it`,
        seen: first,
      })

  const sum = (list: readonly Growth[], each: 'packets' | 'bytes') =>
    list.reduce((total, one) => total + one[each], 0)
  const numbers = {
    associations: outbound.length,
    captured,
    counted: sum(outbound, 'packets'),
    capturedBytes,
    countedBytes: sum(outbound, 'bytes'),
    countedIn: sum(inbound, 'packets'),
    beforeOrAfterReadings: besides,
    instruments: arm.facts.instruments.length,
    instrumentFaults: faults.length,
  }
  const covers =
    "The receivers' counters may be smaller than the capture's: a packet that arrives may still be refused."
  const outcome = (state: Outcome['state'], says: string, offenders: Outcome['offenders'] = []): Outcome => ({
    state,
    says,
    numbers,
    offenders,
    covers,
  })
  if (tooMany[0])
    return outcome(
      'fails',
      `${plural(tooMany.length, 'SA')} sent more than the kernel counted, the first: ${tooMany[0].why}.`,
      tooMany.slice(0, offendersShown).flatMap(({ seen, why }) => (seen ? [offender(seen, why)] : [])),
    )
  if (faults[0])
    return outcome(
      'inconclusive',
      `The instruments did not record everything: ${faults.slice(0, 3).join('; ')}${faults.length > 3 ? `; and ${faults.length - 3} more` : ''}.`,
    )
  if (outbound.length === 0) return outcome('inconclusive', 'No node had an outbound SA.')
  if (tooFew[0])
    return outcome(
      'inconclusive',
      `The capture does not account for all that the kernels counted: ${tooFew.slice(0, 2).join('; ')}.`,
    )
  if (captured === 0) return outcome('inconclusive', 'No ESP packet was captured or counted.')
  const more = besides > 0 ? ` ${plural(besides, 'packet')} came before or after the kernels were asked.` : ''
  return outcome(
    'holds',
    `${plural(captured, 'ESP packet')} with ${plural(capturedBytes, 'byte')} inside on ${plural(outbound.length, 'SA')}, exactly as the kernels counted; ${plural(numbers.instruments, 'instrument')} dropped nothing.${more}`,
  )
}

interface Comparison {
  readonly packets: number
  readonly bytes: number
  /** Packets captured before the first reading or after the second. */
  readonly besides: number
  readonly tooMany?: Mismatch
  readonly tooFew?: string
}

/** Holds what was captured of an SA against what its sender counted. */
function compare(
  arm: ArmView,
  { sa, packets, bytes, sequences }: Growth,
  captured: readonly SeenFrame[],
): Comparison {
  const isCounted = ({ opened }: SeenFrame) => isWithin(opened!, sequences)
  const within = captured.filter(isCounted)
  const besides = captured.filter((seen) => !isCounted(seen))
  const unopened = within.filter(({ opened }) => !opened!.ok).length
  const size = within.reduce((sum, { opened }) => sum + (opened!.ok ? opened!.inner.length : 0), 0)
  const name = `SPI 0x${sa.spi.toString(16)} of ${sa.node}`
  const comparison = `${name}: ${within.length} packets with ${size} bytes captured, ${packets} with ${bytes} counted`
  const found = { packets: within.length, bytes: size, besides: besides.length }
  const [first] = within
  // A packet between the readings whose number the kernel says it did not give.
  const stranger = besides.find(({ time }) => isBetweenReadings(arm, time))
  if (stranger)
    return {
      ...found,
      tooMany: {
        why: `${name}: sequence ${fullSequence(stranger.opened!)} was captured, and is none of those counted`,
        seen: stranger,
      },
    }
  if (within.length > packets || (within.length === packets && size > bytes))
    return { ...found, tooMany: { why: comparison, ...(first && { seen: first }) } }
  if (within.length < packets || (size < bytes && unopened === 0)) return { ...found, tooFew: comparison }
  if (unopened > 0) return { ...found, tooFew: `${name}: ${unopened} packets could not be opened` }
  return found
}

function isBetweenReadings({ facts }: ArmView, time: bigint): boolean {
  const { before, after } = facts.readings
  return time > BigInt(before.to) && time < BigInt(after.from)
}

type Ends = Pick<SecurityAssociation, 'source' | 'destination' | 'spi'>

function identifier({ source, destination, spi }: Ends): string {
  return `${source} ${destination} ${spi}`
}

function keyedIdentifier(sa: Ends & { readonly key: string }): string {
  return `${identifier(sa)} ${sa.key}`
}

interface Tallies {
  /** By the SA that opened them: after some rotations an SPI comes back under another key. */
  readonly opened: ReadonlyMap<string, Tally>
  /** What an SA sealed, with what has its SPI and could not be opened. */
  of(sa: SecurityAssociation): readonly SeenFrame[]
  /** How many packets an inbound SA can have opened: those of its key, or where nothing has it, of its SPI. */
  between(sa: SecurityAssociation): number
}

function tally(wire: readonly SeenFrame[]): Tallies {
  const esp = wire.filter(({ opened }) => opened)
  const endsOf = ({ frame, opened }: SeenFrame) =>
    identifier({ source: frame.source!, destination: frame.destination!, spi: opened!.spi })
  const byEnds = Map.groupBy(esp, endsOf)
  const unopened = Map.groupBy(
    esp.filter(({ opened }) => !opened!.ok),
    endsOf,
  )
  const byKey = Map.groupBy(
    esp.filter(({ opened }) => opened!.ok),
    (seen) => `${endsOf(seen)} ${seen.opened!.ok ? seen.opened!.sa.key.toString('hex') : ''}`,
  )
  return {
    opened: new Map([...byKey].map(([id, packets]) => [id, { first: packets[0]!, packets }])),
    of: (sa) => [...(byKey.get(keyedIdentifier(sa)) ?? []), ...(unopened.get(identifier(sa)) ?? [])],
    between: (sa) => (byKey.get(keyedIdentifier(sa)) ?? byEnds.get(identifier(sa)))?.length ?? 0,
  }
}

/** What an SA's counters grew by; one that was not there before, or has another key, started anew. */
function growth(sa: SecurityAssociation, before: readonly SecurityAssociation[]): Growth {
  const same = before.find(
    (each) =>
      each.node === sa.node &&
      each.direction === sa.direction &&
      associationId(each) === associationId(sa) &&
      each.packets <= sa.packets,
  )
  return {
    sa,
    packets: sa.packets - (same?.packets ?? 0),
    bytes: sa.bytes - (same?.bytes ?? 0),
    sequences: { above: BigInt(same?.sequence ?? 0), upTo: BigInt(sa.sequence) },
  }
}
