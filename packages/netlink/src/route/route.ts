import { closeSync, openSync } from 'node:fs'
import { constants } from 'node:os'
import { inNetworkNamespace } from '@wireproof/ffi'
import { NetlinkError } from '../error.ts'
import type { Message } from '../reader.ts'
import { NETLINK_ROUTE, NetlinkSocket, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from '../socket.ts'
import type { Writer } from '../writer.ts'
import { type AddressOptions, type LinkAddress, readAddress, writeAddress } from './address.ts'
import {
  type BridgeOptions,
  type Link,
  type LinkChange,
  type ResolvedEnd,
  readLink,
  type VethEnd,
  type VethOptions,
  type VxlanOptions,
  writeBridge,
  writeDummy,
  writeLinkChange,
  writeLinkHeader,
  writeLinkQuery,
  writeVeth,
  writeVxlan,
} from './link.ts'
import { type Neighbour, readNeighbour, writeNeighbour } from './neighbour.ts'
import { type RouteEntry, type RouteOptions, readRoute, writeRoute } from './route-entry.ts'
import { type MarkRule, readRule, writeRule } from './rule.ts'

const RTM_NEWLINK = 16
const RTM_DELLINK = 17
const RTM_GETLINK = 18
const RTM_NEWADDR = 20
const RTM_DELADDR = 21
const RTM_GETADDR = 22
const RTM_NEWROUTE = 24
const RTM_DELROUTE = 25
const RTM_GETROUTE = 26
const RTM_NEWNEIGH = 28
const RTM_DELNEIGH = 29
const RTM_GETNEIGH = 30
const RTM_NEWRULE = 32
const RTM_DELRULE = 33
const RTM_GETRULE = 34

/** Opens links, addresses, routes and neighbours of the namespace that the calling thread is in. */
export function openRoute(): Route {
  return new Route()
}

/** Links, addresses, routes, rules and neighbours of one network namespace. Every method throws {@link NetlinkError}. */
export class Route implements Disposable {
  readonly #socket = new NetlinkSocket(NETLINK_ROUTE)

  /** What `watch` knows this socket's own changes by. */
  get port(): number {
    return this.#socket.port
  }

  links(): Link[] {
    return this.#dump(RTM_GETLINK, RTM_NEWLINK, 'list links', (writer) => writeLinkQuery(writer), readLink)
  }

  /** @throws NetlinkError `ENODEV` where there is no link of that name. */
  link(name: string): Link {
    const [answer] = this.#socket.get({
      type: RTM_GETLINK,
      describe: () => `find link ${name}`,
      write: (writer) => writeLinkQuery(writer, name),
    })
    if (!answer) throw new Error(`the kernel did not describe link ${name}`)
    return readLink(answer)
  }

  addVeth(veth: VethOptions): void {
    const opened: number[] = []
    try {
      const near = resolve(veth, opened)
      let far = resolve(veth.peer, opened)
      if (near.namespace !== undefined && far.namespace === undefined) {
        // Kernels differ in where the peer goes when only the near end names a namespace.
        const own = this.#socket.namespaceDescriptor()
        opened.push(own)
        far = { ...far, namespace: own }
      }
      this.#create(RTM_NEWLINK, `add veth ${veth.name} with peer ${veth.peer.name}`, (writer) =>
        writeVeth(writer, near, far),
      )
      this.#setAlias(near)
      this.#setAlias(far)
    } finally {
      for (const descriptor of opened) closeSync(descriptor)
    }
  }

  addBridge(bridge: BridgeOptions): void {
    const { name, mtu } = bridge
    this.#create(RTM_NEWLINK, `add bridge ${name}`, (writer) => writeBridge(writer, bridge))
    // Only an MTU that is changed later holds when ports join; one given at creation follows the smallest port.
    if (mtu !== undefined) this.setLink(name, { mtu })
  }

  addDummy(name: string): void {
    this.#create(RTM_NEWLINK, `add dummy link ${name}`, (writer) => writeDummy(writer, name))
  }

  addVxlan(vxlan: VxlanOptions): void {
    this.#create(RTM_NEWLINK, `add VXLAN link ${vxlan.name}`, (writer) => writeVxlan(writer, vxlan))
  }

  /** @param change `master: null` leaves the bridge; `namespace` is the path of one to move to. */
  setLink(
    link: string | number,
    change: Omit<LinkChange, 'master' | 'namespace'> & {
      readonly master?: string | number | null
      readonly namespace?: string
    },
  ): void {
    const { master, namespace, ...rest } = change
    const index = this.#index(link)
    const opened: number[] = []
    try {
      if (namespace !== undefined) opened.push(openSync(namespace, 'r'))
      const resolved: LinkChange = {
        ...rest,
        ...(master === undefined ? {} : { master: master === null ? 0 : this.#index(master) }),
        ...(opened[0] === undefined ? {} : { namespace: opened[0] }),
      }
      this.#request(RTM_NEWLINK, `change link ${link} (${Object.keys(change).join(', ')})`, (writer) =>
        writeLinkChange(writer, index, resolved),
      )
    } finally {
      for (const descriptor of opened) closeSync(descriptor)
    }
  }

  deleteLink(link: string | number): void {
    const index = this.#index(link)
    this.#request(RTM_DELLINK, `delete link ${link}`, (writer) => writeLinkHeader(writer, index))
  }

  /** @param address with its prefix length: `10.0.0.1/24`. */
  addAddress(link: string | number, address: string, options: AddressOptions = {}): void {
    const index = this.#index(link)
    this.#create(RTM_NEWADDR, `add address ${address} to ${link}`, (writer) =>
      writeAddress(writer, index, address, options),
    )
  }

  removeAddress(link: string | number, address: string): void {
    const index = this.#index(link)
    this.#request(RTM_DELADDR, `remove address ${address} from ${link}`, (writer) =>
      writeAddress(writer, index, address),
    )
  }

  /** Of one link, or of all. */
  addresses(link?: string | number): LinkAddress[] {
    const index = link === undefined ? undefined : this.#index(link)
    const addresses = this.#dump(
      RTM_GETADDR,
      RTM_NEWADDR,
      'list addresses',
      (writer) => writer.zero(8),
      readAddress,
    )
    return addresses.filter((address) => index === undefined || address.link === index)
  }

  /** @param options.replace in place of the route to the same destination with the same metric, where there is one. */
  addRoute(route: RouteOptions & { readonly replace?: boolean }): void {
    const { type, flags, describe, write } = this.#additions([route], route.replace)
    this.#socket.request({
      type,
      flags,
      describe: () => describe(route),
      write: (writer) => write(writer, route),
    })
  }

  /** Many at once. @throws NetlinkBatchError naming each that was refused; the kernel has added all others. */
  addRoutes(routes: readonly RouteOptions[], { replace = false } = {}): void {
    this.#socket.batch(this.#additions(routes, replace))
  }

  removeRoute(route: RouteOptions): void {
    const device = route.device === undefined ? undefined : this.#index(route.device)
    this.#request(RTM_DELROUTE, `remove route ${describeRoute(route)}`, (writer) =>
      writeRoute(writer, route, device, true),
    )
  }

  /** Of all tables and both address families. */
  routes(): RouteEntry[] {
    return this.#dump(RTM_GETROUTE, RTM_NEWROUTE, 'list routes', (writer) => writer.zero(12), readRoute)
  }

  /** @throws NetlinkError `EEXIST` where there is one like it. */
  addRule(rule: MarkRule): void {
    this.#create(RTM_NEWRULE, `add rule ${rule.priority}`, (writer) => writeRule(writer, rule))
  }

  removeRule(rule: MarkRule): void {
    this.#request(RTM_DELRULE, `remove rule ${rule.priority}`, (writer) => writeRule(writer, rule))
  }

  /** Of both address families. */
  rules(): MarkRule[] {
    const all = this.#dump(
      RTM_GETRULE,
      RTM_NEWRULE,
      'list rules',
      (writer) => writer.zero(12),
      (message) => ({
        rule: readRule(message),
      }),
    )
    return all.flatMap(({ rule }) => rule ?? [])
  }

  /** Makes a permanent entry, in place of one for the same address. */
  addNeighbour({ address, mac, device }: { address: string; mac: string; device: string | number }): void {
    const index = this.#index(device)
    this.#socket.request({
      type: RTM_NEWNEIGH,
      flags: NLM_F_CREATE | NLM_F_REPLACE,
      describe: () => `add neighbour ${address} on ${device}`,
      write: (writer) => writeNeighbour(writer, index, address, mac),
    })
  }

  removeNeighbour({ address, device }: { address: string; device: string | number }): void {
    const index = this.#index(device)
    this.#request(RTM_DELNEIGH, `remove neighbour ${address} on ${device}`, (writer) =>
      writeNeighbour(writer, index, address),
    )
  }

  neighbours(): Neighbour[] {
    return this.#dump(
      RTM_GETNEIGH,
      RTM_NEWNEIGH,
      'list neighbours',
      (writer) => writer.zero(12),
      readNeighbour,
    )
  }

  close(): void {
    this.#socket.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #additions(routes: readonly RouteOptions[], replace = false) {
    // Asked for before anything is laid out, since to ask is a request as well.
    const indices = new Map<string | number | undefined, number>()
    for (const { device } of routes)
      if (device !== undefined && !indices.has(device)) indices.set(device, this.#index(device))
    return {
      type: RTM_NEWROUTE,
      flags: NLM_F_CREATE | (replace ? NLM_F_REPLACE : NLM_F_EXCL),
      items: routes,
      describe: (route: RouteOptions) => `add route ${describeRoute(route)}`,
      write: (writer: Writer, route: RouteOptions) => writeRoute(writer, route, indices.get(route.device)),
    }
  }

  #index(link: string | number): number {
    return typeof link === 'number' ? link : this.link(link).index
  }

  /** The kernel ignores the alias of a link that is being made. */
  #setAlias({ name, alias, namespace }: ResolvedEnd): void {
    if (alias === undefined) return
    if (namespace === undefined) {
      this.setLink(name, { alias })
      return
    }
    using there = inNetworkNamespace(`/proc/thread-self/fd/${namespace}`, openRoute)
    there.setLink(name, { alias })
  }

  #create(type: number, what: string, write: (writer: Writer) => void): void {
    this.#socket.request({ type, flags: NLM_F_CREATE | NLM_F_EXCL, describe: () => what, write })
  }

  #request(type: number, what: string, write: (writer: Writer) => void): void {
    this.#socket.request({ type, describe: () => what, write })
  }

  #dump<Item>(
    type: number,
    answer: number,
    what: string,
    write: (writer: Writer) => void,
    read: (message: Message) => Item,
  ): Item[] {
    return this.#socket.dump({ type, describe: () => what, write }, (message) =>
      message.type === answer ? read(message) : undefined,
    )
  }
}

/** Opens the namespace an end names by path, adding the descriptor to those that the caller closes. */
function resolve({ namespace, ...end }: VethEnd, opened: number[]): ResolvedEnd {
  if (typeof namespace !== 'string') return namespace === undefined ? end : { ...end, namespace }
  const descriptor = openNamespace(namespace, end.name)
  opened.push(descriptor)
  return { ...end, namespace: descriptor }
}

function openNamespace(path: string, link: string): number {
  try {
    return openSync(path, 'r')
  } catch (error) {
    const { code = 'EIO' } = error as NodeJS.ErrnoException
    const errno = constants.errno[code as keyof typeof constants.errno] ?? 0
    throw new NetlinkError({ code, errno, request: `open network namespace ${path} for link ${link}` })
  }
}

function describeRoute({ destination, via, device }: RouteOptions): string {
  return [destination, via && `via ${via}`, device && `on ${device}`].filter(Boolean).join(' ')
}
