import { changeOf, type Price, priceOf } from './change.ts'
import { changeNotMade } from './change-made.ts'
import { type Outcome, offendersShown, plural } from './check.ts'
import { concerns } from './denials.ts'
import { guestsOf, isForAbsentee, whilePresent } from './guests.ts'
import { instrumentFaults } from './instruments.ts'
import { type ArmView, offender, type RunView } from './observe.ts'
import { inWords as refusalsInWords, refusedIn } from './refusals.ts'
import { type Datagram, isLost, longestGap, milliseconds, type StreamAccount, underWay } from './streams.ts'

/**
 * Holds when every datagram of every stream arrived, once, and was answered, from before the first moment of the change to
 * after its last. Where the change is that there is no way through, what was sent then is lost, and nothing else.
 */
export function appLossless(arm: ArmView, { material }: Pick<RunView, 'material'>): Outcome {
  const accounts = arm.streams()
  const change = changeOf(arm.facts.name)
  const price = change ? priceOf(change) : 'nothing'
  const outages = outagesOf(arm, price)
  const all = accounts.flatMap(({ datagrams }) => datagrams)
  const lost = accounts.flatMap(({ stream, datagrams }) =>
    datagrams.filter(isLost).map((datagram) => ({ stream, datagram })),
  )
  const cutOff = lost.filter(
    ({ stream, datagram }) =>
      outages.some((outage) => outage.concerns(stream) && isWithin(outage, datagram)) ||
      isForAbsentee(arm, stream, datagram),
  )
  const wrongly = lost.filter((each) => !cutOff.includes(each))
  const repeated = all.filter(({ arrived, answers }) => arrived.length > 1 || answers > 1).length
  const unsent = accounts.reduce((sum, each) => sum + each.unsent.length, 0)
  const gap = longestGap(whilePresent(arm, accounts))
  const numbers = {
    streams: accounts.length,
    datagrams: all.length,
    answered: all.filter((each) => !isLost(each)).length,
    lost: wrongly.length,
    cutOff: cutOff.length,
    repeated,
    unsent,
    rounds: arm.facts.change?.rounds ?? 0,
    longestGapMs: gap ? milliseconds(gap.to - gap.from) : 0,
  }
  const outcome = (state: Outcome['state'], says: string, offenders: Outcome['offenders'] = []): Outcome => ({
    state,
    says,
    numbers,
    offenders: offenders.slice(0, offendersShown),
  })
  const why = nothingToSay(arm, accounts, { material })
  if (why !== undefined) return outcome('inconclusive', why)
  const inWords = `${plural(all.length, 'datagram')} of ${plural(accounts.length, 'stream')}`
  const [first] = wrongly
  if (first)
    return outcome(
      'fails',
      `${plural(wrongly.length, 'datagram')} of ${inWords} ${wrongly.length === 1 ? 'was' : 'were'} lost, the first from ${first.stream.fromPod} to ${first.stream.toPod}, number ${first.datagram.number}; the longest gap was ${numbers.longestGapMs} ms.`,
      lostOffenders(wrongly),
    )
  if (repeated > 0) return outcome('fails', `${repeated} of ${inWords} arrived, or were answered, twice.`)
  if (unsent > 0)
    return outcome('fails', `${plural(unsent, 'datagram')} arrived that nobody is seen to send.`)
  const open = outages.find(
    (outage) => !cutOff.some(({ stream, datagram }) => outage.concerns(stream) && isWithin(outage, datagram)),
  )
  if (open) return outcome('inconclusive', 'Nothing was lost while there was no way through: it was not cut.')
  const but =
    cutOff.length > 0
      ? `All of ${inWords} arrived once and were answered, but ${cutOff.length.toLocaleString('en')} that were sent while ${price === 'absence' ? 'nobody was there to receive them' : 'there was no way through'}`
      : `All ${inWords} arrived once and were answered`
  const refused = refusedIn(arm)
  const kernels = Object.keys(refused).length > 0 ? `; the kernels refused ${refusalsInWords(refused)}` : ''
  return outcome(
    'holds',
    `${but}; ${arm.facts.change!.what}${kernels}; the longest gap was ${numbers.longestGapMs} ms, from ${gap!.stream.fromPod} to ${gap!.stream.toPod}.`,
  )
}

/** When there was no way through, and for whom. */
interface Outage {
  readonly from: bigint
  readonly to: bigint
  concerns(stream: StreamAccount['stream']): boolean
}

function outagesOf(arm: ArmView, price: Price): Outage[] {
  const { outages = [], denials = [] } = arm.facts.change ?? {}
  if (price === 'outages')
    return outages.map(({ from, to }) => ({ from: BigInt(from), to: BigInt(to), concerns: () => true }))
  if (price !== 'denials') return []
  return denials.map((denial) => ({
    from: BigInt(denial.asked),
    to: BigInt(denial.lifted),
    concerns: (stream) => concerns(denial, stream),
  }))
}

/** A datagram whose answer was still under way when the way was cut counts with those that were sent then. */
function isWithin({ from, to }: Outage, { sent }: Datagram): boolean {
  return sent >= from - underWay && sent <= to
}

/** Why it cannot be told whether anything was lost; undefined when it can. */
function nothingToSay(
  arm: ArmView,
  accounts: readonly StreamAccount[],
  { material }: Pick<RunView, 'material'>,
): string | undefined {
  const unmade = changeNotMade(arm)
  if (unmade !== undefined) return unmade
  if (accounts.length === 0) return 'No stream was sent while it changed.'
  const { nodes } = senders(accounts, arm.senders)
  const silent = arm.senders.find(({ node }) => !nodes.has(node))
  if (silent) return `No stream was sent from ${silent.node}'s pods.`
  const { moments } = arm.facts.change!
  const begins = BigInt(moments[0]!.at)
  const ends = BigInt(moments.at(-1)!.at)
  const guests = new Set(guestsOf(arm).pods.map(({ name }) => name))
  for (const { stream, datagrams } of accounts) {
    const name = `the stream from ${stream.fromPod} to ${stream.toPod}`
    if (datagrams.length !== stream.sent)
      return `Its sender says that ${name} had ${stream.sent} datagrams, and its capture shows ${datagrams.length}.`
    // Whoever comes and goes in between sends in between.
    if (guests.has(stream.fromPod) || guests.has(stream.toPod)) continue
    if (!(datagrams[0]!.sent < begins && datagrams.at(-1)!.sent > ends))
      return `Not all of the change happened while ${name} was sent.`
  }
  const [fault] = instrumentFaults(arm, material.facts)
  return fault && `The instruments did not record everything: ${fault}.`
}

function senders(
  accounts: readonly StreamAccount[],
  pods: readonly { readonly name: string; readonly node: string }[],
): { readonly nodes: ReadonlySet<string | undefined> } {
  const nodeOf = new Map(pods.map(({ name, node }) => [name, node]))
  return { nodes: new Set(accounts.map(({ stream }) => nodeOf.get(stream.fromPod))) }
}

function lostOffenders(lost: readonly { readonly datagram: Datagram }[]): Outcome['offenders'] {
  return lost.map(({ datagram: { number, seen, arrived } }) => {
    const what = arrived.length === 0 ? 'did not arrive' : 'arrived, and its answer did not'
    return offender(seen, `datagram ${number} ${what}`)
  })
}
