import type { Lab, LabNode, LabPod } from '../../lab/lab.ts'
import {
  type CanaryPlan,
  canariesBetween,
  canaryToken,
  type Pair,
  planCanaries,
  planStreams,
  type StreamPlan,
  streamsBetween,
} from './canary.ts'
import type { SessionReport, StreamReport } from './pod.ts'
import { PodProcess, WORKLOAD_PORT } from './pod-process.ts'

/** How long the answers to the last datagrams of a stream are waited for; where all have come it ends at once. */
const lastAnswerMs = 1000
/** TCP takes longer to try again after every time that it was in vain. */
const lastSessionAnswerMs = 8000

/** A canary that was sent, and what became of it as its sender saw it. */
export interface SentCanary {
  readonly id: string
  readonly token: string
  readonly fromPod: string
  readonly toPod: string
  readonly protocol: 'udp' | 'tcp'
  readonly bytes: number
  readonly delivered: boolean
  readonly unchanged: boolean
  readonly ms: number
}

export interface SendOptions {
  /** Milliseconds until a canary counts as lost: short where a loss is what is expected, as it is waited for. */
  readonly deadlineMs: number | ((canary: CanaryPlan) => number)
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, of: number) => void
  /** Between which pods, in place of all that were there when the programs started. */
  readonly pairs?: readonly Pair[]
}

export interface BackgroundStream {
  readonly id: string
  readonly token: string
  readonly everyMs: number
  readonly fromPod: string
  readonly toPod: string
  readonly report: StreamReport
}

export interface BackgroundSession extends Omit<BackgroundStream, 'report'> {
  readonly report: SessionReport
}

/** What goes between all nodes for as long as something else changes. */
export interface Background {
  readonly routes: readonly StreamPlan[]
  /** Stops sending and waits for the last answers. */
  end(signal?: AbortSignal): Promise<{
    readonly streams: readonly BackgroundStream[]
    readonly sessions: readonly BackgroundSession[]
  }>
}

export interface BackgroundOptions {
  /** Whether a TCP session goes beside each stream of datagrams. */
  readonly sessions?: boolean
  /** Between which pods, in place of one pair for every pair of nodes. */
  readonly pairs?: readonly Pair[]
}

export interface WorkloadOptions {
  readonly signal?: AbortSignal
  readonly port?: number
  /** Nodes that have such a program of their own. */
  readonly nodes?: readonly LabNode[]
}

/** The traffic programs of all pods of a lab, and of nodes themselves. */
export interface Workload {
  /** Those there were at the start. A node with a program of its own is one of them, with the node's name and address. */
  readonly pods: readonly LabPod[]
  /** Sends fresh canaries, all at once. A lost or altered one is a result, not an error. */
  sendCanaries(arm: string, options: SendOptions): Promise<SentCanary[]>
  startBackground(everyMs: number, options?: BackgroundOptions): Background
  /** Starts the program of a pod again, after the pod was made anew. */
  restart(pod: string): Promise<void>
  /** Starts the program of a pod that has come meanwhile. */
  join(pod: LabPod): Promise<void>
  /** Stops the program of one that is about to go. */
  leave(pod: string): Promise<void>
  stop(): Promise<void>
}

/** Starts the traffic program in every pod. */
export async function startWorkload(
  lab: Pick<Lab, 'pods' | 'spawn'>,
  { signal, port = WORKLOAD_PORT, nodes = [] }: WorkloadOptions = {},
): Promise<Workload> {
  const pods = [...(await lab.pods()), ...nodes.map(asPod)]
  const processes = new Map(pods.map((pod) => [pod.name, new PodProcess(lab, pod, port)]))
  const stop = async () => {
    await Promise.all(Array.from(processes.values(), (process) => process.stop()))
  }
  try {
    await Promise.all(Array.from(processes.values(), (process) => process.ready(signal)))
  } catch (error) {
    await stop()
    throw error
  }

  async function sendOne(plan: CanaryPlan, { deadlineMs, signal }: SendOptions): Promise<SentCanary> {
    const { id, token, from, to, address, protocol, bytes } = plan
    const sender = processes.get(from.name)!
    const patience = typeof deadlineMs === 'number' ? deadlineMs : deadlineMs(plan)
    const request = {
      op: 'send',
      id,
      to: address,
      port,
      protocol,
      token,
      bytes,
      deadlineMs: patience,
    } as const
    const { delivered, unchanged, ms } = await sender.send(request, signal)
    return { id, token, fromPod: from.name, toPod: to.name, protocol, bytes, delivered, unchanged, ms }
  }

  async function restart(name: string): Promise<void> {
    const before = processes.get(name)!
    await before.stop()
    const process = new PodProcess(lab, before.pod, port)
    processes.set(name, process)
    await process.ready(signal)
  }

  async function join(pod: LabPod): Promise<void> {
    const process = new PodProcess(lab, pod, port)
    processes.set(pod.name, process)
    await process.ready(signal)
  }

  async function leave(name: string): Promise<void> {
    const process = processes.get(name)
    processes.delete(name)
    await process?.stop()
  }

  return {
    pods,
    stop,
    restart,
    join,
    leave,
    sendCanaries: async (arm, options) => {
      const { pairs } = options
      const plans = pairs === undefined ? planCanaries(arm, pods) : canariesBetween(arm, pairs)
      let done = 0
      return Promise.all(
        plans.map(async (plan) => {
          const sent = await sendOne(plan, options)
          options.onProgress?.(++done, plans.length)
          return sent
        }),
      )
    },
    startBackground: (everyMs, { sessions = false, pairs } = {}) => {
      const routes = pairs === undefined ? planStreams(pods) : streamsBetween(pairs)
      const begin = (op: 'stream' | 'session', { name, from, to, address }: StreamPlan) => {
        const id = `${op}/${name}`
        const token = canaryToken()
        const deadlineMs = op === 'stream' ? lastAnswerMs : lastSessionAnswerMs
        const process = processes.get(from.name)!
        process.startStream({ op, id, to: address, port, token, bytes: 96, everyMs, deadlineMs })
        return { process, facts: { id, token, everyMs, fromPod: from.name, toPod: to.name } }
      }
      const ofStreams = routes.map((route) => begin('stream', route))
      const ofSessions = sessions ? routes.map((route) => begin('session', route)) : []
      return {
        routes,
        end: async (endSignal) => ({
          streams: await Promise.all(
            ofStreams.map(async ({ process, facts }) => ({
              ...facts,
              report: await process.endStream({ op: 'end', id: facts.id }, endSignal),
            })),
          ),
          sessions: await Promise.all(
            ofSessions.map(async ({ process, facts }) => ({
              ...facts,
              report: await process.endSession({ op: 'end', id: facts.id }, endSignal),
            })),
          ),
        }),
      }
    },
  }
}

function asPod({ name, underlay }: LabNode): LabPod {
  return { name, node: name, addresses: [underlay], labels: {} }
}
