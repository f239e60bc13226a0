import type { Link, Route } from '@wireproof/netlink'
import type { PodAttachment } from '../api.ts'
import type { ClusterNode, ClusterPod } from '../cluster/state.ts'
import type { PodDevices } from '../options.ts'
import { routeMetricOf } from '../plan/ownership.ts'
import { contains, hostPrefix } from '../plan/prefix.ts'
import type { PolicyEnforcement } from '../policy/enforcement.ts'
import { AgentProblem } from '../problem.ts'
import type { Datapath } from './datapath.ts'
import { localNode } from './datapath-layout.ts'
import type { DeviceRoute } from './routes.ts'

const aliasPrefix = 'wireproof:pod='

/** The pod behind a device, from the alias that its maker gave it; undefined for other devices. */
export function podOfLink({ alias }: Link): string | undefined {
  return alias?.startsWith(aliasPrefix) ? alias.slice(aliasPrefix.length) : undefined
}

interface LocalPod {
  readonly device: string
  readonly index: number
  /** Unknown for a device found at start whose pod the store does not know: guarded, but nothing leads to it. */
  readonly addresses: readonly string[] | undefined
}

/** The pods of this node: each has its device guarded by the datapath before it is up. */
export class LocalPods {
  readonly #found: PodDevices
  readonly #route: Route
  readonly #datapath: Datapath
  readonly #policies: PolicyEnforcement
  readonly #pods = new Map<string, LocalPod>()

  constructor(route: Route, datapath: Datapath, policies: PolicyEnforcement, found: PodDevices = 'aliases') {
    this.#found = found
    this.#route = route
    this.#datapath = datapath
    this.#policies = policies
  }

  names(): string[] {
    return [...this.#pods.keys()].sort()
  }

  routes(): DeviceRoute[] {
    return [...this.#pods.values()].flatMap(({ addresses, index }) => routesTo(addresses ?? [], index))
  }

  /**
   * Guards the pod's device, then sets it up and routes to it.
   *
   * @throws AgentProblem EPOD for an address that is not the node's to give, or a device that is not there.
   */
  put(self: ClusterNode, name: string, { device, addresses }: PodAttachment): void {
    for (const address of addresses)
      if (!self.podCidrs.some((prefix) => contains(prefix, address)))
        throw new AgentProblem(
          'EPOD',
          2,
          `pod ${name} cannot have the address ${address}`,
          `Choose one in ${self.podCidrs.join(' or ')}.`,
        )
    const link = this.#link(name, device)
    this.#guard(name, { device, index: link.index, addresses })
    // A route leads only to a device that is up, and nothing can pass this one unguarded any more.
    this.#route.setLink(link.index, { up: true })
    for (const route of routesTo(addresses, link.index)) this.#route.addRoute({ ...route, replace: true })
  }

  /** Takes back what put() did, as far as it is still there. */
  delete(name: string): boolean {
    const pod = this.#pods.get(name)
    if (!pod) return false
    this.#pods.delete(name)
    this.#datapath.forgetPod(pod.index)
    if (this.#route.links().some((link) => link.index === pod.index)) {
      this.#route.setLink(pod.index, { up: false })
      this.#datapath.detachPod(pod.index)
    }
    this.#policies.release(pod.index)
    return true
  }

  /**
   * Finds the devices of pods that an earlier life of this agent guarded, forgets those that are gone, and guards again
   * those whose programs someone took off.
   */
  adopt(self: ClusterNode, known: ReadonlyMap<string, ClusterPod>): void {
    const links = this.#route.links()
    const indices = new Set(links.map((link) => link.index))
    for (const [name, { index }] of this.#pods)
      if (!indices.has(index)) {
        this.#pods.delete(name)
        this.#datapath.forgetPod(index)
        this.#policies.release(index)
      }
    for (const { index } of this.#pods.values()) this.#datapath.attachPod(index)
    for (const link of this.#found === 'routes' ? this.#named(self, links, known) : links) {
      const name = podOfLink(link)
      // One that is down has not been put yet: whoever made it will.
      if (name === undefined || !link.up || this.#pods.get(name)?.addresses !== undefined) continue
      const pod = known.get(name)
      const addresses = pod?.node === self.name ? pod.addresses : undefined
      this.#guard(name, { device: link.name, index: link.index, addresses })
    }
  }

  /**
   * Gives devices without an alias that of the pod to whose address they lead: whoever has plugged the pod in has made that
   * route. Routes may be many, so they are looked at only where there is such a device.
   */
  #named(self: ClusterNode, links: readonly Link[], known: ReadonlyMap<string, ClusterPod>): readonly Link[] {
    const nameless = new Set(
      links.filter(({ kind, alias }) => kind === 'veth' && alias === undefined).map(({ index }) => index),
    )
    if (nameless.size === 0) return links
    const behind = new Map<string, number>()
    for (const { destination, via, device } of this.#route.routes())
      if (via === undefined && device !== undefined && nameless.has(device)) behind.set(destination, device)
    if (behind.size === 0) return links
    const aliases = new Map<number, string>()
    for (const { name, node, addresses } of known.values()) {
      const device = node === self.name ? behind.get(hostPrefix(addresses[0]!)) : undefined
      if (device !== undefined) aliases.set(device, aliasPrefix + name)
    }
    return links.map((link) => {
      const alias = aliases.get(link.index)
      if (alias === undefined) return link
      this.#route.setLink(link.index, { alias })
      return { ...link, alias }
    })
  }

  #guard(name: string, pod: LocalPod): void {
    if (pod.addresses !== undefined) this.#datapath.rememberPod(pod.index, pod.addresses)
    this.#policies.guard(pod.index, name)
    this.#datapath.attachPod(pod.index)
    this.#pods.set(name, pod)
  }

  #link(name: string, device: string): Link {
    try {
      return this.#route.link(device)
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENODEV') throw error
      throw new AgentProblem(
        'EPOD',
        2,
        `pod ${name} has no device ${device} in this namespace`,
        'Make the veth pair first.',
      )
    }
  }
}

function routesTo(addresses: readonly string[], device: number): DeviceRoute[] {
  return addresses.map((address) => ({
    destination: hostPrefix(address),
    device,
    scope: 'link',
    metric: routeMetricOf(localNode),
  }))
}
