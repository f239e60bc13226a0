import { isIP, isIPv4 } from 'node:net'
import { formatAddress, parsePrefix } from '@wireproof/netlink'
import { type Routing, routings } from '../plan/overlay.ts'
import { masked } from '../plan/prefix.ts'
import { Interner } from './interner.ts'
import type { Announcement, ClusterNode, ClusterPod, DatapathSettings, Life, Settings } from './state.ts'

/** Thrown by the parsers below; names the property and what is allowed. */
export class Malformed extends Error {}

type Fields = Readonly<Record<string, unknown>>

export function parseSettings(value: unknown): Settings {
  const fields = object(value)
  const clusterCidrs = fields.clusterCidrs === undefined ? [] : list(fields, 'clusterCidrs', prefix)
  return { ...datapathSettings(value), clusterCidrs, routing: routing(fields.routing ?? 'native') }
}

export function parseNode(value: unknown): ClusterNode {
  const fields = object(value)
  const podCidrs = list(fields, 'podCidrs', prefix)
  return {
    name: text(fields, 'name'),
    underlay: address(fields.underlay, 'underlay'),
    podCidrs,
    ...(fields.labels === undefined ? {} : { labels: strings(fields, 'labels') }),
  }
}

/** Pods of one deployment have the same labels, and there may be thousands. */
const labelSets = new Interner<Readonly<Record<string, string>>>()

export function parsePod(value: unknown): ClusterPod {
  const fields = object(value)
  return {
    name: text(fields, 'name'),
    node: text(fields, 'node'),
    addresses: podAddresses(fields),
    labels: labelSets.intern(fields.labels === undefined ? {} : strings(fields, 'labels')),
    ...(fields.namespace === undefined ? {} : { namespace: text(fields, 'namespace') }),
    ...(fields.ports === undefined ? {} : { ports: ports(fields) }),
  }
}

/** @returns the namespace's labels. */
export function parseNamespace(value: unknown): Readonly<Record<string, string>> {
  const fields = object(value)
  text(fields, 'name')
  return fields.labels === undefined ? {} : strings(fields, 'labels')
}

/** Of a pod as the store describes it, or whoever makes its device. */
export function podAddresses(value: unknown): string[] {
  const addresses = list(object(value), 'addresses', address)
  const ipv4 = addresses.filter((each) => isIPv4(each)).length
  if (addresses.length === 0 || ipv4 > 1 || addresses.length - ipv4 > 1)
    throw new Malformed('addresses must name one address, or one of each family')
  return addresses
}

export function parseLife(value: unknown): Life {
  return { incarnation: incarnation(value), revision: number(object(value), 'revision') }
}

/** Nodes that agree say the same. */
const sayings = new Interner<Pick<Announcement, 'attempts' | 'datapath'>>()

export function parseAnnouncement(value: unknown): Announcement {
  const fields = object(value)
  return {
    incarnation: incarnation(value),
    key: text(fields, 'key'),
    receives: number(fields, 'receives'),
    sends: number(fields, 'sends'),
    ...sayings.intern({
      attempts: numbers(fields, 'attempts'),
      datapath: datapathSettings(fields.datapath),
    }),
  }
}

function datapathSettings(value: unknown): DatapathSettings {
  const fields = object(value)
  return { encryptL3: boolean(fields, 'encryptL3'), strict: boolean(fields, 'strict') }
}

function routing(value: unknown): Routing {
  const known = routings.find((each) => each === value)
  if (known === undefined) throw new Malformed(`routing must be ${routings.join(' or ')}`)
  return known
}

function incarnation(value: unknown): string {
  const incarnation = text(object(value), 'incarnation')
  if (!/^[0-9a-f]{32}$/.test(incarnation)) throw new Malformed('incarnation must be 32 hex digits')
  return incarnation
}

function object(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Malformed('an object is expected')
  return value as Fields
}

function text(fields: Fields, name: string): string {
  const value = fields[name]
  // Half of a pair of surrogates is no letter, and could not be told from another half.
  if (typeof value !== 'string' || value === '' || !value.isWellFormed())
    throw new Malformed(`${name} must be a string that is not empty`)
  return value
}

function boolean(fields: Fields, name: string): boolean {
  const value = fields[name]
  if (typeof value !== 'boolean') throw new Malformed(`${name} must be true or false`)
  return value
}

function number(fields: Fields, name: string): number {
  const value = fields[name]
  if (typeof value !== 'number') throw new Malformed(`${name} must be a number`)
  return value
}

/** In the one spelling by which addresses are compared. */
function address(value: unknown, name: string): string {
  if (typeof value !== 'string' || isIP(value) === 0) throw new Malformed(`${name} must be an IP address`)
  const { family, bytes } = parsePrefix(value)
  return formatAddress(family, bytes)
}

function prefix(value: unknown, name: string): string {
  const [network = '', bits = '', ...rest] = typeof value === 'string' ? value.split('/') : []
  const most = isIP(network) === 4 ? 32 : 128
  if (isIP(network) === 0 || !/^\d+$/.test(bits) || Number(bits) > most || rest.length > 0)
    throw new Malformed(`${name} must be a prefix such as 10.0.1.0/24 or fd00:1::/64`)
  const { family, bytes, length } = parsePrefix(value as string)
  if (!bytes.equals(masked(bytes, length)))
    throw new Malformed(`${name} must be zero behind its first ${length} bits`)
  return `${formatAddress(family, bytes)}/${length}`
}

function list<Item>(fields: Fields, name: string, parse: (value: unknown, name: string) => Item): Item[] {
  const value = fields[name]
  if (!Array.isArray(value)) throw new Malformed(`${name} must be a list`)
  return value.map((each, at) => parse(each, `${name}[${at}]`))
}

function ports(fields: Fields): Record<string, number> {
  const value = object(fields.ports)
  for (const [name, port] of Object.entries(value))
    if (!Number.isInteger(port) || (port as number) < 1 || (port as number) > 65_535)
      throw new Malformed(`ports.${name} must be a whole number from 1 to 65535`)
  return value as Record<string, number>
}

function strings(fields: Fields, name: string): Record<string, string> {
  return each(fields, name, 'string') as Record<string, string>
}

function numbers(fields: Fields, name: string): Record<string, number> {
  return each(fields, name, 'number') as Record<string, number>
}

function each(fields: Fields, name: string, type: 'string' | 'number'): Fields {
  const value = object(fields[name])
  for (const [key, entry] of Object.entries(value))
    if (typeof entry !== type) throw new Malformed(`${name}.${key} must be a ${type}`)
  return value
}
