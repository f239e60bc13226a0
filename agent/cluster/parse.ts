import { isIPv4 } from 'node:net'
import type { Announcement, ClusterNode, ClusterPod, Settings } from './state.ts'

/** Thrown by the parsers below; names the property and what is allowed. */
export class Malformed extends Error {}

type Fields = Readonly<Record<string, unknown>>

export function parseSettings(value: unknown): Settings {
  const fields = object(value)
  return { encryptL3: boolean(fields, 'encryptL3'), strict: boolean(fields, 'strict') }
}

export function parseNode(value: unknown): ClusterNode {
  const fields = object(value)
  const id = fields.id
  if (!Number.isInteger(id) || (id as number) < 1 || (id as number) > 65_534)
    throw new Malformed('id must be a whole number from 1 to 65534')
  const podCidr = text(fields, 'podCidr')
  const [network = '', length = ''] = podCidr.split('/')
  if (!isIPv4(network) || !/^\d+$/.test(length) || Number(length) > 32)
    throw new Malformed('podCidr must be an IPv4 prefix such as 10.0.1.0/24')
  return { name: text(fields, 'name'), id: id as number, underlay: address(fields, 'underlay'), podCidr }
}

export function parsePod(value: unknown): ClusterPod {
  const fields = object(value)
  const labels = fields.labels === undefined ? {} : strings(fields, 'labels')
  return {
    name: text(fields, 'name'),
    node: text(fields, 'node'),
    address: address(fields, 'address'),
    labels,
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

export function parseIncarnation(value: unknown): string {
  const incarnation = text(object(value), 'incarnation')
  if (!/^[0-9a-f]{32}$/.test(incarnation)) throw new Malformed('incarnation must be 32 hex digits')
  return incarnation
}

export function parseAnnouncement(value: unknown): Announcement {
  const fields = object(value)
  return {
    incarnation: parseIncarnation(value),
    key: number(fields, 'key'),
    receives: strings(fields, 'receives'),
    sends: strings(fields, 'sends'),
    datapath: parseSettings(fields.datapath),
  }
}

function object(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Malformed('an object is expected')
  return value as Fields
}

function text(fields: Fields, name: string): string {
  const value = fields[name]
  if (typeof value !== 'string' || value === '')
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

function address(fields: Fields, name: string): string {
  const value = text(fields, name)
  if (!isIPv4(value)) throw new Malformed(`${name} must be an IPv4 address`)
  return value
}

function ports(fields: Fields): Record<string, number> {
  const value = object(fields.ports)
  for (const [name, port] of Object.entries(value))
    if (!Number.isInteger(port) || (port as number) < 1 || (port as number) > 65_535)
      throw new Malformed(`ports.${name} must be a whole number from 1 to 65535`)
  return value as Record<string, number>
}

function strings(fields: Fields, name: string): Record<string, string> {
  const value = object(fields[name])
  for (const [key, each] of Object.entries(value))
    if (typeof each !== 'string') throw new Malformed(`${name}.${key} must be a string`)
  return value as Record<string, string>
}
