import type { Flow } from '../api.ts'
import type { ClusterPod } from '../cluster/state.ts'
import type { FlowEvent } from '../kernel/datapath-layout.ts'

const protocols: Readonly<Record<number, Flow['protocol']>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 50: 'esp' }

/** Ids of the cluster keys that a node sends to a peer under, and receives from it under, where only one is possible. */
export interface Epochs {
  readonly out: number | undefined
  readonly in: number | undefined
}

/** Who has an address. */
export interface Owner {
  readonly node: string
  readonly pod: ClusterPod | undefined
}

/** What a narrator asks, to tell names for addresses and numbers. */
export interface Known {
  ownerOf(address: string): Owner | undefined
  /** @param node a peer's name. */
  epochsOf(node: string): Epochs | undefined
  /** The name of a policy's rule. */
  ruleName(rule: number): string | undefined
}

/** Says of an event of the datapath what a person wants to know: when, by the clock on the wall, and which pods. */
export class FlowNarrator {
  readonly #node: string
  /** Nanoseconds from the kernel's monotonic clock to the epoch. */
  #epoch: bigint
  readonly #known: Known
  /** Those asked for since something changed: events come in their thousands from the same few. */
  readonly #owners = new Map<string, Owner | undefined>()

  constructor(node: string, epoch: bigint, known: Known) {
    this.#node = node
    this.#epoch = epoch
    this.#known = known
  }

  /** To be called when something that it asks for may have changed. */
  forget(): void {
    this.#owners.clear()
  }

  /** @param by milliseconds. */
  clockSet(by: number): void {
    this.#epoch += BigInt(Math.round(by * 1e6))
  }

  tell(event: FlowEvent): Flow {
    const source = this.#ownerOf(event.source)
    const destination = this.#ownerOf(event.destination)
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
    const rule = this.#known.ruleName(event.rule)
    if (rule !== undefined) flow.rule = rule
    const epoch = encrypted ? this.#epochOf(event.hook, source, destination) : undefined
    if (epoch !== undefined) flow.epoch = epoch
    return flow
  }

  #ownerOf(address: string): Owner | undefined {
    if (this.#owners.has(address)) return this.#owners.get(address)
    const owner = this.#known.ownerOf(address)
    if (this.#owners.size >= mostOwners) this.#owners.clear()
    this.#owners.set(address, owner)
    return owner
  }

  #epochOf(hook: Flow['hook'], source?: Owner, destination?: Owner): number | undefined {
    const leaves = hook === 'from-pod' || hook === 'to-wire'
    const epochs = this.#known.epochsOf((leaves ? destination : source)?.node ?? '')
    return leaves ? epochs?.out : epochs?.in
  }
}

/** Bounds what strangers' addresses can make an agent remember. */
const mostOwners = 65_536

/** The difference between the two clocks, now. To the microsecond, so that the events of several nodes fall into order. */
export function epochOffset(): bigint {
  const microseconds = Math.round((performance.timeOrigin + performance.now()) * 1000)
  return BigInt(microseconds) * 1000n - process.hrtime.bigint()
}
