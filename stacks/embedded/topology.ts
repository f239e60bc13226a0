import type { Topology } from '../../lab/topology.ts'

/** Leaves room in a node's /24 and on a screen. */
export const podsPerNodeLimit = 50

// Without n: its pods would have the names of nodes.
const letters = 'abcdefghijklmopqrstuvwxyz'

const servicesByNode = [
  undefined,
  { name: 'payments', selector: { app: 'b' }, port: 443 },
  { name: 'shop', selector: { app: 'c' }, port: 80 },
]

/**
 * Nodes n1, n2, ... with pods a1, a2, ... on the first, b1, b2, ... on the second: with 3 and 2, the lab's default
 * topology, with its two services. After the alphabet come aa, ab, ...
 */
export function topologyOf(nodes: number, podsPerNode: number): Topology {
  const names = Array.from({ length: nodes }, (_, index) => `n${index + 1}`)
  const services =
    podsPerNode > 0 ? servicesByNode.slice(0, nodes).filter((service) => service !== undefined) : []
  return {
    nodes: names.map((name) => ({ name })),
    pods: names.flatMap((node, index) => {
      const app = lettersOf(index)
      return Array.from({ length: podsPerNode }, (_, pod) => ({
        name: `${app}${pod + 1}`,
        node,
        labels: { app },
      }))
    }),
    ...(services.length > 0 && { services }),
  }
}

function lettersOf(index: number): string {
  const rest = Math.floor(index / letters.length)
  return (rest > 0 ? lettersOf(rest - 1) : '') + letters[index % letters.length]
}
