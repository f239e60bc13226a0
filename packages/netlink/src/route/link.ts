import { formatMac, parseMac } from '../address.ts'
import { type Attributes, type Message, readAttributes, readString } from '../reader.ts'
import type { Writer } from '../writer.ts'

/** A network device. */
export interface Link {
  readonly index: number
  readonly name: string
  /** Empty where the device has none, such as a tunnel. */
  readonly mac: string
  readonly mtu: number
  /** Administratively up. */
  readonly up: boolean
  /** Up, with a carrier. */
  readonly running: boolean
  /** `veth`, `bridge`, `dummy`, …; absent for hardware and loopback. */
  readonly kind?: string
  /** Index of the bridge or bond it is a port of. */
  readonly master?: number
  /** Index of a veth's other end, in the namespace that `linkNamespaceId` names, or here without one. */
  readonly peerIndex?: number
  readonly linkNamespaceId?: number
  readonly alias?: string
}

export interface VethEnd {
  readonly name: string
  readonly mac?: string
  readonly mtu?: number
  /** Path or open descriptor of the network namespace it is made in; the socket's own without one. */
  readonly namespace?: string | number
  readonly alias?: string
}

export interface VethOptions extends VethEnd {
  readonly peer: VethEnd
}

export interface BridgeOptions {
  readonly name: string
  readonly mac?: string
  readonly mtu?: number
  /** Seconds until a learnt address is forgotten; 0 forgets at once, so that every frame reaches every port. */
  readonly ageingTime?: number
  readonly multicastSnooping?: boolean
}

export interface LinkChange {
  readonly up?: boolean
  readonly mtu?: number
  /** Index of the bridge to join; 0 leaves it. */
  readonly master?: number
  /** Only while the link is down. */
  readonly name?: string
  readonly alias?: string
  readonly mac?: string
  /** Descriptor of the network namespace to move to. */
  readonly namespace?: number
}

const INFO_HEADER_LENGTH = 16
const IFF_UP = 1
const IFF_RUNNING = 0x40
const RTEXT_FILTER_SKIP_STATS = 8
const CLOCK_TICKS = 100

const IFLA = {
  ADDRESS: 1,
  IFNAME: 3,
  MTU: 4,
  LINK: 5,
  MASTER: 10,
  LINKINFO: 18,
  IFALIAS: 20,
  NET_NS_FD: 28,
  EXT_MASK: 29,
  LINK_NETNSID: 37,
}
const IFLA_INFO_KIND = 1
const IFLA_INFO_DATA = 2
const VETH_INFO_PEER = 1
const IFLA_BR_AGEING_TIME = 4
const IFLA_BR_MCAST_SNOOPING = 23

/** struct ifinfomsg. */
export function writeLinkHeader(writer: Writer, index = 0, flags = 0, change = 0): void {
  writer.zero(4)
  writer.u32(index)
  writer.u32(flags)
  writer.u32(change)
}

export function writeLinkQuery(writer: Writer, name?: string): void {
  writeLinkHeader(writer)
  if (name !== undefined) writer.attributeString(IFLA.IFNAME, name)
  writer.attributeU32(IFLA.EXT_MASK, RTEXT_FILTER_SKIP_STATS)
}

/** A veth pair, whose ends' namespaces are open descriptors here. */
export function writeVeth(writer: Writer, near: ResolvedEnd, far: ResolvedEnd): void {
  writeLinkHeader(writer)
  writeEnd(writer, near)
  writeKind(writer, 'veth', () =>
    writer.attribute(VETH_INFO_PEER, () => {
      writeLinkHeader(writer)
      writeEnd(writer, far)
    }),
  )
}

export type ResolvedEnd = Omit<VethEnd, 'namespace'> & { readonly namespace?: number | undefined }

function writeEnd(writer: Writer, end: ResolvedEnd): void {
  writer.attributeString(IFLA.IFNAME, end.name)
  if (end.mac !== undefined) writer.attributeBytes(IFLA.ADDRESS, parseMac(end.mac))
  if (end.mtu !== undefined) writer.attributeU32(IFLA.MTU, end.mtu)
  if (end.namespace !== undefined) writer.attributeU32(IFLA.NET_NS_FD, end.namespace)
}

export function writeBridge(writer: Writer, bridge: BridgeOptions): void {
  const { ageingTime, multicastSnooping } = bridge
  writeLinkHeader(writer)
  const { name, mac } = bridge
  writeEnd(writer, mac === undefined ? { name } : { name, mac })
  writeKind(writer, 'bridge', () => {
    if (ageingTime !== undefined) writer.attributeU32(IFLA_BR_AGEING_TIME, ageingTime * CLOCK_TICKS)
    if (multicastSnooping !== undefined) writer.attributeU8(IFLA_BR_MCAST_SNOOPING, Number(multicastSnooping))
  })
}

export function writeDummy(writer: Writer, name: string): void {
  writeLinkHeader(writer)
  writer.attributeString(IFLA.IFNAME, name)
  writeKind(writer, 'dummy')
}

function writeKind(writer: Writer, kind: string, data?: () => void): void {
  writer.attribute(IFLA.LINKINFO, () => {
    writer.attributeString(IFLA_INFO_KIND, kind)
    if (data) writer.attribute(IFLA_INFO_DATA, data)
  })
}

export function writeLinkChange(writer: Writer, index: number, change: LinkChange): void {
  writeLinkHeader(writer, index, change.up ? IFF_UP : 0, change.up === undefined ? 0 : IFF_UP)
  if (change.name !== undefined) writer.attributeString(IFLA.IFNAME, change.name)
  if (change.mac !== undefined) writer.attributeBytes(IFLA.ADDRESS, parseMac(change.mac))
  if (change.mtu !== undefined) writer.attributeU32(IFLA.MTU, change.mtu)
  if (change.master !== undefined) writer.attributeU32(IFLA.MASTER, change.master)
  if (change.alias !== undefined) writer.attributeBytes(IFLA.IFALIAS, Buffer.from(change.alias))
  if (change.namespace !== undefined) writer.attributeU32(IFLA.NET_NS_FD, change.namespace)
}

export function readLink({ payload }: Message): Link {
  const attributes = readAttributes(payload.subarray(INFO_HEADER_LENGTH))
  const flags = payload.readUInt32LE(8)
  const info = attributes.get(IFLA.LINKINFO)
  const kind = info && readAttributes(info).get(IFLA_INFO_KIND)
  const alias = attributes.get(IFLA.IFALIAS)
  return {
    index: payload.readInt32LE(4),
    name: readString(attributes.get(IFLA.IFNAME) ?? Buffer.alloc(0)),
    mac: formatMac(attributes.get(IFLA.ADDRESS) ?? Buffer.alloc(0)),
    mtu: number(attributes, IFLA.MTU) ?? 0,
    up: (flags & IFF_UP) !== 0,
    running: (flags & IFF_RUNNING) !== 0,
    ...present('kind', kind && readString(kind)),
    ...present('master', number(attributes, IFLA.MASTER)),
    ...present('peerIndex', number(attributes, IFLA.LINK)),
    ...present('linkNamespaceId', number(attributes, IFLA.LINK_NETNSID)),
    ...present('alias', alias && readString(alias)),
  }
}

function number(attributes: Attributes, type: number): number | undefined {
  return attributes.get(type)?.readInt32LE(0)
}

function present<Key extends string, Value>(key: Key, value: Value | undefined): Partial<Record<Key, Value>> {
  return value === undefined ? {} : ({ [key]: value } as Record<Key, Value>)
}
