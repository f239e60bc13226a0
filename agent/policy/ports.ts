import { type PortPrefix, protocolNumbers } from './layout.ts'
import type { Port } from './network-policy.ts'

/** A protocol and, unless every port is meant, ports of it. */
export interface PortMatch {
  readonly protocol?: number
  readonly ports?: PortPrefix
}

/**
 * The fewest prefixes that make up a rule's ports.
 *
 * @param ports absent: everything.
 * @param named the ports that names stand for at whoever is connected to; a name that is not there matches nothing.
 */
export function portMatches(
  ports: readonly Port[] | undefined,
  named: Readonly<Record<string, number>>,
): PortMatch[] {
  if (!ports) return [{}]
  return ports.flatMap(({ protocol: name, port, endPort }) => {
    const protocol = protocolNumbers[name]
    if (port === undefined) return [{ protocol }]
    const first = typeof port === 'number' ? port : Object.hasOwn(named, port) ? named[port] : undefined
    if (first === undefined) return []
    return prefixesOf(first, endPort ?? first).map((prefix) => ({ protocol, ports: prefix }))
  })
}

/** The fewest prefixes of 16 bits that make up a range: at most 30. */
export function prefixesOf(first: number, last: number): PortPrefix[] {
  const prefixes: PortPrefix[] = []
  for (let port = first; port <= last; ) {
    let bits = 0
    while (bits < 16 && port % 2 ** (bits + 1) === 0 && port + 2 ** (bits + 1) - 1 <= last) bits++
    prefixes.push({ port, length: 16 - bits })
    port += 2 ** bits
  }
  return prefixes
}
