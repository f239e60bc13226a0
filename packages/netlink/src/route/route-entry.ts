import {
  AF_INET,
  AF_INET6,
  formatAddress,
  formatPrefix,
  type Prefix,
  parseAddress,
  parsePrefix,
} from '../address.ts'
import { type Message, readAttributes } from '../reader.ts'
import type { Writer } from '../writer.ts'

const types = {
  unicast: 1,
  local: 2,
  broadcast: 3,
  anycast: 4,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
}
const scopes = { global: 0, site: 200, link: 253, host: 254, nowhere: 255 }

export type RouteType = keyof typeof types
export type RouteScope = keyof typeof scopes

/** What a route puts its packets into, on a link that is made for it. */
export interface Encapsulation {
  /** Of the network within the tunnel: of VXLAN 24 bits. */
  readonly id: number
  /** Addresses of the outer packet; both of one family, which need not be the route's. */
  readonly source: string
  readonly destination: string
}

/** A BPF program (LWT_IN) that sees what is sent on by a route, before XFRM does. */
export interface RouteProgram {
  /** By which a dump tells it: the kernel does not say which program it is. */
  readonly name: string
  readonly fd: number
}

/** A route as it is asked for. */
export interface RouteOptions {
  /** `10.0.0.0/24`, an address, or `default` (of the family of `via`, else IPv4). */
  readonly destination: string
  readonly type?: RouteType
  /** Next hop; may be of the other address family. */
  readonly via?: string
  /** Name or index of the link. */
  readonly device?: string | number
  /** Address that locally sent packets get. */
  readonly source?: string
  readonly mtu?: number
  readonly metric?: number
  /** `link` for a route without next hop and `global` for others, when absent. */
  readonly scope?: RouteScope
  /** The next hop is on the link although no address of the link says so. */
  readonly onlink?: boolean
  /** 254, the main table, when absent. */
  readonly table?: number
  /** Packets keep in one piece (DF). */
  readonly encapsulation?: Encapsulation
  /** Instead of an encapsulation. */
  readonly program?: RouteProgram
}

/** A route as the kernel holds it. */
export interface RouteEntry {
  readonly destination: string
  readonly family: 4 | 6
  readonly type: RouteType | number
  readonly scope: RouteScope | number
  readonly table: number
  /** Who made it: 2 the kernel, 3 and 4 an administrator, others a routing daemon. */
  readonly protocol: number
  readonly via?: string
  /** The link's index. */
  readonly device?: number
  readonly source?: string
  readonly mtu?: number
  readonly metric?: number
  readonly onlink: boolean
  readonly encapsulation?: Encapsulation
  readonly program?: Pick<RouteProgram, 'name'>
}

const HEADER_LENGTH = 12
const RTA = {
  DST: 1,
  OIF: 4,
  GATEWAY: 5,
  PRIORITY: 6,
  PREFSRC: 7,
  METRICS: 8,
  TABLE: 15,
  VIA: 18,
  ENCAP_TYPE: 21,
  ENCAP: 22,
}
const LWTUNNEL = { ID: 1, DST: 2, SRC: 3, FLAGS: 6 }
const encapsulationTypes: Readonly<Record<number, number>> = { [AF_INET]: 2, [AF_INET6]: 4 }
const LWT_BPF = { IN: 1, FD: 1, NAME: 2 }
const bpfEncapsulation = 6
const TUNNEL_DONT_FRAGMENT = 0x0100
const RTAX_MTU = 2
const RTNH_F_ONLINK = 4
const RTPROT_BOOT = 3
const MAIN_TABLE = 254

/** struct rtmsg and its attributes. @param device index of the link. */
export function writeRoute(
  writer: Writer,
  route: RouteOptions,
  device: number | undefined,
  removal = false,
): void {
  const destination = parseDestination(route)
  const { family } = destination
  const table = route.table ?? MAIN_TABLE
  const type = route.type ?? (removal ? undefined : 'unicast')
  const scope = route.scope ?? (removal ? 'nowhere' : defaultScope(route, family))
  writer.u8(family)
  writer.u8(destination.length)
  writer.zero(2)
  writer.u8(table < 256 ? table : 0)
  // A removal matches any protocol, type and scope that it does not name.
  writer.u8(removal ? 0 : RTPROT_BOOT)
  writer.u8(scopes[scope])
  writer.u8(type ? types[type] : 0)
  writer.u32(route.onlink ? RTNH_F_ONLINK : 0)
  if (destination.length > 0) writer.attributeBytes(RTA.DST, destination.bytes)
  if (route.via !== undefined) writeNextHop(writer, family, parsePrefix(route.via))
  if (device !== undefined) writer.attributeU32(RTA.OIF, device)
  if (route.source !== undefined) writer.attributeBytes(RTA.PREFSRC, parseAddress(route.source))
  if (route.metric !== undefined) writer.attributeU32(RTA.PRIORITY, route.metric)
  if (table > 255) writer.attributeU32(RTA.TABLE, table)
  const { mtu, encapsulation, program } = route
  if (encapsulation !== undefined) writeEncapsulation(writer, encapsulation)
  else if (program !== undefined) writeProgram(writer, program)
  if (mtu !== undefined) writer.attribute(RTA.METRICS, () => writer.attributeU32(RTAX_MTU, mtu))
}

function parseDestination({ destination, via }: RouteOptions): Prefix {
  if (destination !== 'default') return parsePrefix(destination)
  return parsePrefix(via?.includes(':') ? '::/0' : '0.0.0.0/0')
}

/** IPv6 has no scopes; of IPv4 the rule is that of `ip route`. */
function defaultScope(route: RouteOptions, family: number): RouteScope {
  if (family === AF_INET6) return 'global'
  if (route.type === 'local') return 'host'
  return route.via === undefined && (route.type ?? 'unicast') === 'unicast' ? 'link' : 'global'
}

function writeNextHop(writer: Writer, family: number, via: Prefix): void {
  if (via.family === family) {
    writer.attributeBytes(RTA.GATEWAY, via.bytes)
    return
  }
  writer.attribute(RTA.VIA, () => {
    writer.u16(via.family)
    writer.copy(via.bytes)
  })
}

function writeEncapsulation(writer: Writer, { id, source, destination }: Encapsulation): void {
  const { family, bytes } = parsePrefix(destination)
  writer.attribute(RTA.ENCAP_TYPE, () => writer.u16(encapsulationTypes[family]!))
  writer.attribute(RTA.ENCAP, () => {
    writer.attribute(LWTUNNEL.ID, () => {
      writer.zero(4)
      writer.bigU32(id)
    })
    writer.attributeBytes(LWTUNNEL.DST, bytes)
    writer.attributeBytes(LWTUNNEL.SRC, parseAddress(source))
    writer.attribute(LWTUNNEL.FLAGS, () => writer.bigU16(TUNNEL_DONT_FRAGMENT))
  })
}

function readEncapsulation(type: Buffer | undefined, data: Buffer | undefined): Encapsulation | undefined {
  const number = type?.readUInt16LE(0)
  const family = ([AF_INET, AF_INET6] as const).find((each) => encapsulationTypes[each] === number)
  if (family === undefined || data === undefined) return undefined
  const attributes = readAttributes(data)
  const [source, destination] = [attributes.get(LWTUNNEL.SRC), attributes.get(LWTUNNEL.DST)]
  if (!source || !destination) return undefined
  return {
    id: attributes.get(LWTUNNEL.ID)?.readUInt32BE(4) ?? 0,
    source: formatAddress(family, source),
    destination: formatAddress(family, destination),
  }
}

function writeProgram(writer: Writer, { fd, name }: RouteProgram): void {
  writer.attribute(RTA.ENCAP_TYPE, () => writer.u16(bpfEncapsulation))
  writer.attribute(RTA.ENCAP, () =>
    writer.attribute(LWT_BPF.IN, () => {
      writer.attributeU32(LWT_BPF.FD, fd)
      writer.attributeBytes(LWT_BPF.NAME, Buffer.from(`${name}\0`))
    }),
  )
}

function readProgram(type: Buffer | undefined, data: Buffer | undefined): { name: string } | undefined {
  if (type?.readUInt16LE(0) !== bpfEncapsulation || data === undefined) return undefined
  const input = readAttributes(data).get(LWT_BPF.IN)
  const name = input && readAttributes(input).get(LWT_BPF.NAME)
  return name && { name: name.toString('utf8', 0, name.length - 1) }
}

export function readRoute({ payload }: Message): RouteEntry {
  const attributes = readAttributes(payload.subarray(HEADER_LENGTH))
  const family = payload.readUInt8(0)
  const length = payload.readUInt8(1)
  const bytes = attributes.get(RTA.DST) ?? Buffer.alloc(family === AF_INET ? 4 : 16)
  const gateway = attributes.get(RTA.GATEWAY)
  const via = attributes.get(RTA.VIA)
  const source = attributes.get(RTA.PREFSRC)
  const metrics = attributes.get(RTA.METRICS)
  const mtu = metrics && readAttributes(metrics).get(RTAX_MTU)
  const device = attributes.get(RTA.OIF)
  const metric = attributes.get(RTA.PRIORITY)
  const encapsulated = [attributes.get(RTA.ENCAP_TYPE), attributes.get(RTA.ENCAP)] as const
  const encapsulation = readEncapsulation(...encapsulated)
  const program = readProgram(...encapsulated)
  return {
    destination: formatPrefix(family, bytes, length),
    family: family === AF_INET ? 4 : 6,
    table: attributes.get(RTA.TABLE)?.readUInt32LE(0) ?? payload.readUInt8(4),
    protocol: payload.readUInt8(5),
    scope: nameOf(scopes, payload.readUInt8(6)),
    type: nameOf(types, payload.readUInt8(7)),
    onlink: (payload.readUInt32LE(8) & RTNH_F_ONLINK) !== 0,
    ...(gateway ? { via: formatAddress(family, gateway) } : {}),
    ...(via ? { via: formatAddress(via.readUInt16LE(0), via.subarray(2)) } : {}),
    ...(device ? { device: device.readUInt32LE(0) } : {}),
    ...(source ? { source: formatAddress(family, source) } : {}),
    ...(metric ? { metric: metric.readUInt32LE(0) } : {}),
    ...(mtu ? { mtu: mtu.readUInt32LE(0) } : {}),
    ...(encapsulation ? { encapsulation } : {}),
    ...(program ? { program } : {}),
  }
}

function nameOf<Name extends string>(numbers: Readonly<Record<Name, number>>, value: number): Name | number {
  for (const name in numbers) if (numbers[name] === value) return name
  return value
}
