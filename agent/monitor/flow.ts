import type { Flow } from '../api.ts'
import type { ClusterNode, ClusterPod } from '../cluster/state.ts'
import type { FlowEvent } from '../kernel/datapath-layout.ts'

const protocols: Readonly<Record<number, Flow['protocol']>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 50: 'esp' }

/** Ids of the cluster keys that a node sends to a peer under, and receives from it under, where only one is possible. */
export interface Epochs {
  readonly out: number | undefined
  readonly in: number | undefined
}

/** What a narrator must know to tell names for addresses. */
export interface Known {
  readonly nodes: readonly Pick<ClusterNode, 'name' | 'underlay'>[]
  readonly pods: readonly ClusterPod[]
  /** By the peer's name. */
  readonly epochs: ReadonlyMap<string, Epochs>
}

/** Who has an address. */
interface Owner {
  readonly node: string
  readonly pod: ClusterPod | undefined
}

/** Says of an event of the datapath what a person wants to know: when, by the clock on the wall, and which pods. */
export class FlowNarrator {
  readonly #node: string
  /** Nanoseconds from the kernel's monotonic clock to the epoch. */
  readonly #epoch: bigint
  #owners: ReadonlyMap<string, Owner> = new Map()
  #epochs: Known['epochs'] = new Map()

  constructor(node: string, epoch: bigint) {
    this.#node = node
    this.#epoch = epoch
  }

  know({ nodes, pods, epochs }: Known): void {
    this.#owners = new Map<string, Owner>([
      ...nodes.map(({ name, underlay }) => [underlay, { node: name, pod: undefined }] as const),
      ...pods.map((pod) => [pod.address, { node: pod.node, pod }] as const),
    ])
    this.#epochs = epochs
  }

  tell(event: FlowEvent): Flow {
    const source = this.#owners.get(event.source)
    const destination = this.#owners.get(event.destination)
    const encrypted = event.verdict === 'encrypted' || event.verdict === 'decrypted'
    // Assigned one by one: a spread for each part that may be absent takes half as long again, for every event there is.
    const flow: { -readonly [Name in keyof Flow]: Flow[Name] } = {
      time: `${this.#epoch + event.time}`,
      node: this.#node,
      hook: event.hook,
      protocol: protocols[event.protocol] ?? `ip-${event.protocol}`,
      source: event.source,
      destination: event.destination,
      verdict: event.verdict,
      reason: event.reason,
      encrypted,
      packets: Number(event.packets),
      bytes: Number(event.bytes),
    }
    if (event.sourcePort) flow.sourcePort = event.sourcePort
    if (event.destinationPort) flow.destinationPort = event.destinationPort
    if (event.sourceIdentity) flow.sourceIdentity = event.sourceIdentity
    if (event.destinationIdentity) flow.destinationIdentity = event.destinationIdentity
    if (source) flow.sourceNode = source.node
    if (source?.pod) {
      flow.sourcePod = source.pod.name
      flow.sourceLabels = source.pod.labels
    }
    if (destination) flow.destinationNode = destination.node
    if (destination?.pod) {
      flow.destinationPod = destination.pod.name
      flow.destinationLabels = destination.pod.labels
    }
    const epoch = encrypted ? this.#epochOf(event.hook, source, destination) : undefined
    if (epoch !== undefined) flow.epoch = epoch
    return flow
  }

  #epochOf(hook: Flow['hook'], source?: Owner, destination?: Owner): number | undefined {
    const leaves = hook === 'from-pod' || hook === 'to-wire'
    const epochs = this.#epochs.get((leaves ? destination : source)?.node ?? '')
    return leaves ? epochs?.out : epochs?.in
  }
}

/** The difference between the two clocks, now. To the microsecond, so that the events of several nodes fall into order. */
export function epochOffset(): bigint {
  const microseconds = Math.round((performance.timeOrigin + performance.now()) * 1000)
  return BigInt(microseconds) * 1000n - process.hrtime.bigint()
}
