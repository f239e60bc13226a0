import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { inNetworkNamespace } from '@wireproof/ffi'
import { openRoute, type Route } from '@wireproof/netlink'
import { Problem } from '../problem.ts'

/** A node that is a container of this machine, seen from outside: nothing in it is asked. */
export interface NodeContainer {
  readonly name: string
  /** Of its first process. */
  readonly pid: number
}

/** The node's interface on the wire that all nodes share. */
export const wireDevice = 'eth0'
/** Where a pod of it is connected to. */
export const podDevice = 'eth0'
/** Of this process: the provider's bridge is in it. */
export const ownNamespace = '/proc/self/ns/net'

export function nodeNamespace({ pid }: NodeContainer): string {
  return `/proc/${pid}/ns/net`
}

/** What is at a path of the node's own file system. */
export function pathInNode({ pid }: NodeContainer, path: string): string {
  return join(`/proc/${pid}/root`, path)
}

/** The port of the provider's bridge behind which the node is. @throws Problem where it is not on this machine. */
export function bridgePort(node: NodeContainer): string {
  const inside = withRoute(nodeNamespace(node), (route) => route.link(wireDevice))
  const port = withRoute(ownNamespace, (route) =>
    route.links().find(({ index, peerIndex }) => index === inside.peerIndex && peerIndex === inside.index),
  )
  if (port) return port.name
  throw new Problem(
    'EWIRE',
    3,
    `the wire of node ${node.name} is not on this machine`,
    'Run where the containers of the cluster run, in the network namespace of their bridge.',
  )
}

const sandboxes = '/run/netns'

/** Network namespaces of the node's pods, by every address in them. */
export function podNamespaces(node: NodeContainer): ReadonlyMap<string, string> {
  const directory = pathInNode(node, sandboxes)
  // Made for the first pod that has one.
  if (!existsSync(directory)) return new Map()
  return new Map(
    readdirSync(directory).flatMap((name) => {
      const namespace = join(directory, name)
      return addressesIn(namespace).map((address) => [address, namespace] as const)
    }),
  )
}

function addressesIn(namespace: string): string[] {
  try {
    return withRoute(namespace, (route) =>
      route
        .addresses()
        .filter(({ scope }) => scope === 'global')
        .map(({ address }) => address.slice(0, address.indexOf('/'))),
    )
  } catch (error) {
    // A pod that has just gone leaves its name for a moment.
    if (['ENOENT', 'EINVAL'].includes(`${(error as NodeJS.ErrnoException).code}`)) return []
    throw error
  }
}

export function withRoute<Result>(namespace: string, action: (route: Route) => Result): Result {
  return inNetworkNamespace(namespace, () => {
    using route = openRoute()
    return action(route)
  })
}
