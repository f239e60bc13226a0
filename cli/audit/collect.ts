import { setTimeout as sleep } from 'node:timers/promises'
import type { AgentStatus, FlowRecord } from '../../agent/api.ts'
import type { Lab } from '../../lab/lab.ts'
import { clearPacketsOf, type Testimony, type Window } from './judge.ts'

/** An agent that has not said how it is for so many milliseconds is taken to hang. */
const patience = 3000
/** What it remembers may be much, and takes at most so many milliseconds. */
const tellingPatience = 60_000

type Asked = Pick<Lab, 'status' | 'records'>

/** Asks all agents for what they remember of the last `since` milliseconds. */
export async function auditPast(
  lab: Asked,
  nodes: readonly string[],
  since: number,
): Promise<{ window: Window; testimonies: Testimony[] }> {
  const to = new Date()
  const from = new Date(to.getTime() - since)
  return { window: { from, to }, testimonies: await Promise.all(nodes.map((node) => hear(lab, node, since))) }
}

/** Watches for so many milliseconds: the counters before and after say whether the events are all there is. */
export async function auditFor(
  lab: Asked,
  nodes: readonly string[],
  milliseconds: number,
  signal: AbortSignal,
): Promise<{ window: Window; testimonies: Testimony[] }> {
  const before = new Map(await Promise.all(nodes.map(async (node) => [node, await look(lab, node)] as const)))
  const from = new Date()
  await sleep(milliseconds, undefined, { signal })
  const to = new Date()
  // Whoever is asked last is asked for as much as who is asked first.
  const testimonies = nodes.map(async (node) => {
    const testimony = await hear(lab, node, Date.now() - from.getTime())
    const earlier = before.get(node)
    return 'problem' in earlier!
      ? { ...testimony, problem: earlier.problem }
      : compare(testimony, earlier!.status)
  })
  return { window: { from, to }, testimonies: await Promise.all(testimonies) }
}

function compare(testimony: Testimony, before: AgentStatus): Testimony {
  const { status } = testimony
  // A new agent begins with new counters; that it is new is told by when it began.
  if (!status || status.started !== before.started) return testimony
  return { ...testimony, clearPackets: clearPacketsOf(status) - clearPacketsOf(before) }
}

/** The counters first: what they have counted is among the events that are read after them. */
async function hear(lab: Asked, node: string, since: number): Promise<Testimony> {
  const looked = await look(lab, node)
  if ('problem' in looked) return { node, records: [], problem: looked.problem }
  const timeout = AbortSignal.timeout(tellingPatience)
  const records: FlowRecord[] = []
  try {
    for await (const record of lab.records(node, { since, follow: false }, timeout)) records.push(record)
    // The stream ends without an error when its signal aborts; it is not whole then.
    return { node, ...looked, records, ...(timeout.aborted ? { problem: 'its agent is too slow' } : {}) }
  } catch (error) {
    return { node, ...looked, records, problem: (error as Error).message }
  }
}

type Look = { readonly status: AgentStatus } | { readonly problem: string }

async function look(lab: Asked, node: string): Promise<Look> {
  const timeout = AbortSignal.timeout(patience)
  try {
    return { status: await lab.status(node, timeout) }
  } catch (error) {
    return { problem: timeout.aborted ? 'its agent hangs' : (error as Error).message }
  }
}
