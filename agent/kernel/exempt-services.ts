import { setSysctl } from '@wireproof/netlink'
import { protocolNumbers } from '../policy/layout.ts'
import { AgentProblem } from '../problem.ts'
import type { Exemption } from '../scope/encryption-policy.ts'
import { writeExemptKey } from './datapath-layout.ts'

interface ExemptMap {
  set(key: Buffer, value: Buffer): void
  delete(key: Buffer): void
}

/** The services that the datapath lets a node in scope be asked for in clear. */
export class ExemptServices {
  readonly #map: ExemptMap
  readonly #prepare: () => void
  #keys: ReadonlyMap<string, Buffer> = new Map()

  /** @param prepare what has to be done before the first is exempt. */
  constructor(map: ExemptMap, prepare: () => void) {
    this.#map = map
    this.#prepare = prepare
  }

  replace(services: readonly Exemption[]): void {
    const keys = new Map(services.map((each) => [`${each.protocol} ${each.port}`, keyOf(each)]))
    if (keys.size > 0 && this.#keys.size === 0) this.#prepare()
    for (const [name, key] of keys) if (!this.#keys.has(name)) this.#map.set(key, Buffer.alloc(1))
    for (const [name, key] of this.#keys) if (!keys.has(name)) this.#map.delete(key)
    this.#keys = keys
  }
}

function keyOf({ protocol, port }: Exemption): Buffer {
  return writeExemptKey({ protocol: protocolNumbers[protocol], port })
}

/** Has accepted connections answer under the mark that they were asked under. @param sysctls where that is set. */
export function answerAsAsked(sysctls: string | undefined): void {
  try {
    setSysctl('net/ipv4/tcp_fwmark_accept', '1', undefined, sysctls)
  } catch (error) {
    throw new AgentProblem(
      'ESYSCTL',
      4,
      `net.ipv4.tcp_fwmark_accept cannot be set: ${(error as Error).message}`,
      'Set it to 1, or exempt nothing in the encryption policy (exempt: []).',
    )
  }
}
