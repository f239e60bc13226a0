import type { Flow } from '../api.ts'
import type { FlowEvent } from '../kernel/datapath-layout.ts'

const protocols: Readonly<Record<number, Flow['protocol']>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 50: 'esp' }

/** Says of an event of the datapath what a person wants to know: when, by the clock on the wall, and which pods. */
export class FlowNarrator {
  readonly #node: string
  /** Nanoseconds from the kernel's monotonic clock to the epoch. */
  readonly #epoch: bigint
  readonly #podAt: (address: string) => string | undefined
  readonly #ruleName: (rule: number) => string | undefined

  /**
   * @param podAt the name of the pod that has an address.
   * @param ruleName the name of a policy's rule.
   */
  constructor(
    node: string,
    epoch: bigint,
    podAt: (address: string) => string | undefined,
    ruleName: (rule: number) => string | undefined,
  ) {
    this.#node = node
    this.#epoch = epoch
    this.#podAt = podAt
    this.#ruleName = ruleName
  }

  tell(event: FlowEvent): Flow {
    const { time, protocol, sourcePort, destinationPort, source, destination, ...rest } = event
    const sourcePod = this.#podAt(source)
    const destinationPod = this.#podAt(destination)
    const rule = this.#ruleName(rest.rule)
    return {
      time: `${this.#epoch + time}`,
      node: this.#node,
      hook: rest.hook,
      protocol: protocols[protocol] ?? `ip-${protocol}`,
      source,
      destination,
      ...(sourcePort ? { sourcePort } : {}),
      ...(destinationPort ? { destinationPort } : {}),
      ...(sourcePod === undefined ? {} : { sourcePod }),
      ...(destinationPod === undefined ? {} : { destinationPod }),
      verdict: rest.verdict,
      reason: rest.reason,
      ...(rule === undefined ? {} : { rule }),
      encrypted: rest.verdict === 'encrypted' || rest.verdict === 'decrypted',
      packets: Number(rest.packets),
      bytes: Number(rest.bytes),
    }
  }
}

/** The difference between the two clocks, now. */
export function epochOffset(): bigint {
  return BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint()
}
