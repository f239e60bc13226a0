import { AF_INET, formatMac, parseMac, parsePrefix } from '../address.ts'
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
  readonly vxlan?: VxlanSettings
}

export interface VxlanSettings {
  readonly port: number
  /** Absent where each packet's route says it, and where to (`encapsulation`): the kernel calls that external. */
  readonly id?: number
}

export interface VxlanOptions extends VxlanSettings {
  readonly name: string
  readonly mac?: string
  readonly mtu?: number
  /** Source of the packets, of either family. */
  readonly local?: string
  /** Remembers which address a MAC was heard from; not when absent. */
  readonly learning?: boolean
  /** Takes UDP over IPv6 without a checksum, which is how it is sent. */
  readonly zeroChecksum6?: boolean
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
  /** Without, nobody is asked for neighbours, and every frame goes to the link's own MAC. */
  readonly arp?: boolean
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
const IFF_NOARP = 0x80
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
const VXLAN = {
  ID: 1,
  LOCAL: 4,
  LEARNING: 7,
  PORT: 15,
  LOCAL6: 17,
  ZERO_CSUM6_TX: 19,
  ZERO_CSUM6_RX: 20,
  EXTERNAL: 25,
}

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

export function writeVxlan(writer: Writer, vxlan: VxlanOptions): void {
  const { id, local, learning = false, port, zeroChecksum6 = false, ...end } = vxlan
  writeLinkHeader(writer)
  writeEnd(writer, end)
  writeKind(writer, 'vxlan', () => {
    if (id === undefined) writer.attributeU8(VXLAN.EXTERNAL, 1)
    else writer.attributeU32(VXLAN.ID, id)
    if (local !== undefined) {
      const { family, bytes } = parsePrefix(local)
      writer.attributeBytes(family === AF_INET ? VXLAN.LOCAL : VXLAN.LOCAL6, bytes)
    }
    writer.attributeU8(VXLAN.LEARNING, Number(learning))
    writer.attribute(VXLAN.PORT, () => writer.bigU16(port))
    for (const each of [VXLAN.ZERO_CSUM6_TX, VXLAN.ZERO_CSUM6_RX])
      writer.attributeU8(each, Number(zeroChecksum6))
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
  const flags = (change.up ? IFF_UP : 0) | (change.arp === false ? IFF_NOARP : 0)
  const changed = (change.up === undefined ? 0 : IFF_UP) | (change.arp === undefined ? 0 : IFF_NOARP)
  writeLinkHeader(writer, index, flags, changed)
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
  const about = info && readAttributes(info)
  const kind = about?.get(IFLA_INFO_KIND)
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
    ...present(
      'vxlan',
      kind && readString(kind) === 'vxlan' ? readVxlan(about?.get(IFLA_INFO_DATA)) : undefined,
    ),
  }
}

function readVxlan(data: Buffer | undefined): VxlanSettings {
  const attributes = readAttributes(data ?? Buffer.alloc(0))
  const isExternal = attributes.get(VXLAN.EXTERNAL)?.readUInt8(0) === 1
  return {
    port: attributes.get(VXLAN.PORT)?.readUInt16BE(0) ?? 0,
    ...(isExternal ? {} : present('id', number(attributes, VXLAN.ID))),
  }
}

function number(attributes: Attributes, type: number): number | undefined {
  return attributes.get(type)?.readInt32LE(0)
}

function present<Key extends string, Value>(key: Key, value: Value | undefined): Partial<Record<Key, Value>> {
  return value === undefined ? {} : ({ [key]: value } as Record<Key, Value>)
}
