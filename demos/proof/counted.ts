import type { SecurityAssociation } from '../../agent/api.ts'
import { type Outcome, offendersShown, plural } from './check.ts'
import { instrumentFaults } from './instruments.ts'
import { type ArmView, offender, type RunView, type SeenFrame } from './observe.ts'

interface Tally {
  packets: number
  bytes: number
  unopened: number
  readonly first: SeenFrame
}

/**
 * Holds when, for every SA, the ESP packets captured and the bytes in them are what the sender's kernel counted, the
 * receiver's kernel counted no more, and every instrument recorded everything.
 */
export function counted(arm: ArmView, { material }: Pick<RunView, 'material'>): Outcome {
  const tallies = tally(arm.wire)
  const { before, after } = arm.associations
  const growths = after.map((sa) => ({ sa, ...growth(sa, before) }))
  const outbound = growths.filter(({ sa }) => sa.direction === 'out')
  const faults = instrumentFaults(arm, material.facts)
  const tooMany: { why: string; seen?: SeenFrame }[] = []
  const tooFew: string[] = []
  for (const { sa, packets, bytes } of outbound) {
    const captured = tallies.get(identifier(sa)) ?? { packets: 0, bytes: 0, unopened: 0 }
    const name = `SPI 0x${sa.spi.toString(16)} of ${sa.node}`
    const comparison = `${captured.packets} packets with ${captured.bytes} bytes captured, ${packets} with ${bytes} counted`
    if (captured.packets > packets || (captured.packets === packets && captured.bytes > bytes))
      tooMany.push({ why: `${name}: ${comparison}`, ...('first' in captured && { seen: captured.first }) })
    else if (captured.packets < packets || (captured.bytes < bytes && captured.unopened === 0))
      tooFew.push(`${name}: ${comparison}`)
    else if (captured.unopened > 0) tooFew.push(`${name}: ${captured.unopened} packets could not be opened`)
  }
  for (const { sa, packets } of growths.filter(({ sa }) => sa.direction === 'in')) {
    const captured = tallies.get(identifier(sa))?.packets ?? 0
    if (packets > captured)
      tooFew.push(
        `SPI 0x${sa.spi.toString(16)}: ${sa.node} counted ${packets} packets in, ${captured} were captured`,
      )
  }
  const owned = new Set(outbound.map(({ sa }) => identifier(sa)))
  const ownerless = [...tallies].filter(([id, { unopened, packets }]) => !owned.has(id) && unopened < packets)
  for (const [, { packets, first }] of ownerless)
    tooMany.push({
      why: `SPI 0x${first.opened!.spi.toString(16)}: ${packets} packets captured, and no sender has it`,
      seen: first,
    })

  const sum = (each: 'packets' | 'bytes', list: Iterable<{ packets: number; bytes: number }>) =>
    [...list].reduce((total, tally) => total + tally[each], 0)
  const numbers = {
    associations: outbound.length,
    captured: sum('packets', tallies.values()),
    counted: sum('packets', outbound),
    capturedBytes: sum('bytes', tallies.values()),
    countedBytes: sum('bytes', outbound),
    countedIn: sum(
      'packets',
      growths.filter(({ sa }) => sa.direction === 'in'),
    ),
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
  if (numbers.captured === 0) return outcome('inconclusive', 'No ESP packet was captured or counted.')
  return outcome(
    'holds',
    `${plural(numbers.captured, 'ESP packet')} with ${plural(numbers.capturedBytes, 'byte')} inside on ${plural(outbound.length, 'SA')}, exactly as the kernels counted; ${plural(numbers.instruments, 'instrument')} dropped nothing.`,
  )
}

function identifier({
  source,
  destination,
  spi,
}: {
  source: string
  destination: string
  spi: number
}): string {
  return `${source} ${destination} ${spi}`
}

function tally(wire: readonly SeenFrame[]): Map<string, Tally> {
  const tallies = new Map<string, Tally>()
  for (const seen of wire) {
    const { opened, frame } = seen
    if (!opened) continue
    const id = identifier({ source: frame.source!, destination: frame.destination!, spi: opened.spi })
    const found = tallies.get(id) ?? { packets: 0, bytes: 0, unopened: 0, first: seen }
    found.packets++
    if (opened.ok) found.bytes += opened.inner.length
    else found.unopened++
    tallies.set(id, found)
  }
  return tallies
}

/** What an SA's counters grew by; one that was not there before, or has another key, started at zero. */
function growth(sa: SecurityAssociation, before: readonly SecurityAssociation[]) {
  const same = before.find(
    (each) =>
      each.node === sa.node &&
      each.direction === sa.direction &&
      identifier(each) === identifier(sa) &&
      each.key === sa.key &&
      each.packets <= sa.packets,
  )
  return { packets: sa.packets - (same?.packets ?? 0), bytes: sa.bytes - (same?.bytes ?? 0) }
}
