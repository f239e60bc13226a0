import { type Allowance, protocolNumbers, writeCidrKey, writePolicyKey } from '../layout.ts'
import type { PolicyDirection } from '../network-policy.ts'
import type { PlacedPolicy, PolicyMaps } from '../table.ts'
import type { Attempt } from './reference.ts'

/** As an LPM trie: by length, then by the bits that count. */
class Trie {
  readonly #byLength = new Map<number, Map<string, number>>()

  get size(): number {
    return [...this.#byLength.values()].reduce((sum, { size }) => sum + size, 0)
  }

  set(key: Buffer, value: number): void {
    const length = key.readUInt32LE()
    const entries = this.#byLength.get(length) ?? new Map()
    this.#byLength.set(length, entries.set(masked(key, length), value))
  }

  delete(key: Buffer): void {
    const length = key.readUInt32LE()
    this.#byLength.get(length)?.delete(masked(key, length))
  }

  find(key: Buffer): number | undefined {
    const lengths = [...this.#byLength.keys()].filter((length) => length <= key.readUInt32LE())
    for (const length of lengths.sort((a, b) => b - a)) {
      const found = this.#byLength.get(length)!.get(masked(key, length))
      if (found !== undefined) return found
    }
    return undefined
  }
}

/** The datapath's maps with their keys as bytes, and its look-ups as bpf/include/policy.h makes them. */
export class SimulatedMaps implements PolicyMaps {
  writes = 0
  /** What throws here is a write that fails. */
  beforeWrite = () => {}
  afterWrite = () => {}
  readonly pods = new Map<number, PlacedPolicy>()
  readonly #policies = new Trie()
  readonly #cidrs = new Trie()

  allow(set: number, allowance: Allowance, rule: number): void {
    this.#write(() => this.#policies.set(writePolicyKey(set, allowance), rule))
  }

  disallow(set: number, allowance: Allowance): void {
    this.#write(() => this.#policies.delete(writePolicyKey(set, allowance)))
  }

  classify(set: number, { direction, prefix, addressClass }: Parameters<PolicyMaps['classify']>[1]): void {
    this.#write(() => this.#cidrs.set(writeCidrKey(set, direction, prefix), addressClass))
  }

  declassify(set: number, { direction, prefix }: Parameters<PolicyMaps['declassify']>[1]): void {
    this.#write(() => this.#cidrs.delete(writeCidrKey(set, direction, prefix)))
  }

  place(device: number, pod: PlacedPolicy): void {
    this.#write(() => this.pods.set(device, pod))
  }

  displace(device: number): void {
    this.#write(() => this.pods.delete(device))
  }

  get entries(): number {
    return this.#policies.size + this.#cidrs.size
  }

  /** The rule that allows it; 0 where the pod is not isolated; undefined where it may not. */
  judge(
    device: number,
    direction: PolicyDirection,
    identity: number,
    attempt: Pick<Attempt, 'protocol' | 'port'> & { readonly remote: string },
  ): number | undefined {
    const pod = this.pods.get(device)
    if (!pod) return undefined
    if (!pod.isolated.includes(direction)) return 0
    const protocol = attempt.protocol === 'ICMP' ? 1 : protocolNumbers[attempt.protocol]
    const ports = { port: attempt.port, length: 16 }
    const find = (peer: Allowance['peer'], remote: number) =>
      this.#policies.find(writePolicyKey(pod.set, { direction, peer, remote, protocol, ports }))
    const addressClass = this.#cidrs.find(writeCidrKey(pod.set, direction, attempt.remote)) ?? 0
    return (
      (identity ? find('identity', identity) : undefined) ??
      (addressClass ? find('cidr', addressClass) : undefined) ??
      find('anyone', 0)
    )
  }

  #write(write: () => unknown): void {
    this.beforeWrite()
    write()
    this.writes++
    this.afterWrite()
  }
}

/** The bits behind the length do not count. */
function masked(key: Buffer, length: number): string {
  const bits = Buffer.from(key.subarray(4))
  const whole = length >> 3
  if (length & 7) bits[whole] = bits[whole]! & (0xff00 >> (length & 7))
  return bits.fill(0, whole + (length & 7 ? 1 : 0)).toString('latin1')
}
