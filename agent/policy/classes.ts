import { allIpv4, type Bits, bitsOf, contains } from './cidr.ts'
import type { IpBlock } from './network-policy.ts'

export interface ClassifiedPrefix {
  readonly prefix: string
  /** 0: in no block, though a shorter prefix is. */
  readonly addressClass: number
}

export interface Classes {
  readonly prefixes: readonly ClassifiedPrefix[]
  /** By class, from 1: the indices of the blocks that its addresses are in. */
  readonly blocks: ReadonlyMap<number, readonly number[]>
}

/**
 * Sorts all addresses into classes, so that one look-up of the longest prefix says in which of the blocks an address is:
 * between the borders of blocks and of their exceptions nothing changes.
 */
export function classify(blocks: readonly IpBlock[]): Classes {
  const parsed = blocks.map(({ cidr, except }) => ({ cidr: bitsOf(cidr), except: except.map(bitsOf) }))
  const borders = new Map<Bits, string>()
  for (const { cidr, except } of blocks)
    for (const prefix of [cidr, ...except]) borders.set(bitsOf(prefix), prefix)
  // ::/0 in the datapath's 128 bits would be IPv4, too.
  if ([...borders.keys()].some((bits) => allIpv4.startsWith(bits)) && !borders.has(allIpv4))
    borders.set(allIpv4, '0.0.0.0/0')
  const numbers = new Map<string, number>()
  const members = new Map<number, number[]>()
  const prefixes = [...borders].sort(byText).map(([bits, prefix]) => {
    const inside = parsed.flatMap(({ cidr, except }, index) =>
      contains(cidr, bits) && !except.some((each) => contains(each, bits)) ? [index] : [],
    )
    if (inside.length === 0) return { prefix, addressClass: 0 }
    const name = inside.join()
    const addressClass = numbers.get(name) ?? numbers.size + 1
    numbers.set(name, addressClass)
    members.set(addressClass, inside)
    return { prefix, addressClass }
  })
  return { prefixes, blocks: members }
}

function byText([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1
}
