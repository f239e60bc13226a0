import { isObject } from './check.ts'
import type { Problems } from './problem.ts'

interface Taken {
  readonly path: string
  readonly address: string
}

/**
 * Ports of this machine that two mappings of a configuration both want: kind looks for them in one node only, but nodes
 * share the machine.
 */
export function checkPortConflicts(nodes: readonly unknown[], problems: Problems): void {
  const taken = new Map<string, Taken[]>()
  nodes.forEach((node, index) => {
    const mappings = isObject(node) && Array.isArray(node.extraPortMappings) ? node.extraPortMappings : []
    mappings.forEach((mapping: unknown, position) => {
      if (!isObject(mapping)) return
      const { hostPort, listenAddress = '', protocol = 'TCP' } = mapping
      if (typeof hostPort !== 'number' || hostPort <= 0) return
      const path = `nodes[${index}].extraPortMappings[${position}]`
      const address = canonical(String(listenAddress))
      const port = `${hostPort}/${String(protocol).toUpperCase()}`
      const others = taken.get(port) ?? []
      const other = others.find(
        (its) => its.address === address || its.address === every || address === every,
      )
      if (other) problems.add(path, `wants port ${port} of this machine, which ${other.path} has`)
      taken.set(port, [...others, { path, address }])
    })
  })
}

/** Whatever the family: a socket on :: listens on IPv4 too. */
const every = '0.0.0.0'

function canonical(address: string): string {
  return address === '' || address === '::' ? every : address.toLowerCase()
}
