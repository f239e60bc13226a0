import { attemptKinds } from './attempt.ts'
import { type ChangeKind, changeOf } from './change.ts'
import { denialsOf } from './denials.ts'
import { guestsOf } from './guests.ts'
import type { ArmView } from './observe.ts'
import { refusedIn } from './refusals.ts'

/** Each pod packet for another node is counted here by the agent of its own. */
export const sealedCounter = 'from-pod/encrypted/protected'

/**
 * Says why an arm does not show that what is said to have changed did; undefined when it shows. Nothing lost while nothing
 * happens would be no news.
 */
export function changeNotMade(arm: ArmView): string | undefined {
  const { change, name } = arm.facts
  const kind = changeOf(name)
  if (!change || !kind || change.rounds === 0 || change.moments.length < change.rounds)
    return 'Nothing changed in this arm, so nothing is known of a change.'
  return marks[kind](arm, change.rounds)
}

const marks: Readonly<Record<ChangeKind, (arm: ArmView, rounds: number) => string | undefined>> = {
  rotate: spisUnchanged,
  restart: agentsUnchanged,
  partition: neverCut,
  upgrade: agentsUnchanged,
  replay: nothingRepeated,
  policy: nothingDenied,
  spoof: nothingTried,
  churn: nobodyCame,
}

/** Every rotation has each pair of nodes go over to another SPI, which anyone on the wire can read. */
function spisUnchanged({ wire }: ArmView, rounds: number): string | undefined {
  const last = new Map<string, number>()
  const changes = new Map<string, number>()
  for (const { opened, frame } of wire) {
    if (!opened) continue
    const pair = `${frame.source} to ${frame.destination}`
    const before = last.get(pair)
    if (!changes.has(pair)) changes.set(pair, 0)
    if (before !== undefined && before !== opened.spi) changes.set(pair, changes.get(pair)! + 1)
    last.set(pair, opened.spi)
  }
  const still = [...changes].find(([, count]) => count === 0)
  if (still) return `No key was rotated from ${still[0]}: the SPI stayed the same.`
  const most = Math.max(0, ...changes.values())
  return most < rounds
    ? `The wire shows ${most} changes of an SPI, and ${rounds} rotations are said to have been.`
    : undefined
}

/** By the kernels' name for a sequence number that the replay window has seen, or that lies before it. */
export const replayCounter = 'XfrmInStateSeqError'

/** What was repeated is refused, or arrives twice. */
function nothingRepeated({ facts, streams }: ArmView): string | undefined {
  const refused = refusedIn({ facts })[replayCounter] ?? 0
  const twice = streams().some(({ datagrams }) => datagrams.some(({ arrived }) => arrived.length > 1))
  return refused > 0 || twice ? undefined : `No kernel refused a repetition (${replayCounter}).`
}

/** What was lost while there was no way through is looked at where losses are counted. */
function neverCut({ facts }: ArmView, rounds: number): string | undefined {
  const cuts = facts.change!.outages?.length ?? 0
  return cuts < rounds ? `The wire was cut ${cuts} times, and ${rounds} are said to have been.` : undefined
}

/** An agent begins with new counters: where one was replaced, what its node's pods sent before is in none. */
function agentsUnchanged({ facts, account }: ArmView): string | undefined {
  const sent = Map.groupBy(account().sent, ({ fromNode }) => fromNode)
  const counted = (node: string) =>
    (facts.countersAfter[node]?.[sealedCounter]?.packets ?? 0) -
    (facts.countersBefore[node]?.[sealedCounter]?.packets ?? 0)
  const replaced = [...sent].some(([node, packets]) => counted(node) < packets.length)
  return replaced ? undefined : 'No agent was replaced: each has counted all that its pods sent.'
}

/** What came of it is looked at where policies are. */
function nothingDenied(arm: ArmView, rounds: number): string | undefined {
  const denials = denialsOf(arm).length
  return denials < rounds
    ? `Policies denied ${denials} times, and ${rounds} are said to have been.`
    : undefined
}

/** Whether they were seen, and stopped, is looked at where intruders are. */
function nothingTried({ facts }: ArmView, rounds: number): string | undefined {
  const tries = facts.change!.attempts?.filter(({ kind }) => kind === attemptKinds[0]).length ?? 0
  return tries < rounds ? `Somebody tried ${tries} times, and ${rounds} are said to have been.` : undefined
}

/** Who joined is seen to send, where it is connected, and so is each of its pods. */
function nobodyCame(arm: ArmView, rounds: number): string | undefined {
  const { nodes, pods } = guestsOf(arm)
  if (nodes.length < rounds)
    return `${nodes.length} nodes joined, and in each of ${rounds} rounds one is said to have.`
  const talked = new Set(
    arm.account().sent.flatMap(({ sender, carrier }) => (carrier ? [sender.name, sender.node] : [])),
  )
  const silent = [...nodes, ...pods].find(({ name }) => !talked.has(name))
  return silent && `Nothing that ${silent.name} sent is on the wire, and it is said to have joined.`
}
