import { BlockList, isIP, isIPv6 } from 'node:net'
import type { Flow } from '../api.ts'
import { directionOf, dropReasonOf, type EventType, eventTypeOf, verdictOf } from './decision.ts'
import { destinationEndpoint, type Endpoint, namespace, sourceEndpoint } from './endpoint.ts'
import { parseSelector } from './labels.ts'
import { ipVersionOf } from './message.ts'
import { invalid, unimplemented } from './refusal.ts'

/** Whether a flow is meant. */
export type FlowMatch = (flow: Flow) => boolean

/** flow.FlowFilter: lists by field; a field that was not sent is absent. */
export type FlowFilter = Readonly<Record<string, unknown>>

/** flow.EventTypeFilter */
interface EventTypeFilter extends Partial<EventType> {
  readonly match_sub_type?: boolean
}

/**
 * The fields of flow.FlowFilter that flows here can be asked for. A field that is not in this list is refused: to pass
 * over it would be to match what it was meant to leave out.
 */
const fields: Readonly<Record<string, (values: never[]) => FlowMatch>> = {
  source_ip: (values: string[]) => addressIn(values, (flow) => flow.source),
  destination_ip: (values: string[]) => addressIn(values, (flow) => flow.destination),
  source_pod: (values: string[]) => podIn(values, sourceEndpoint),
  destination_pod: (values: string[]) => podIn(values, destinationEndpoint),
  source_label: (values: string[]) => labelsMatch(values, sourceEndpoint),
  destination_label: (values: string[]) => labelsMatch(values, destinationEndpoint),
  source_identity: (values: number[]) => (flow) => values.includes(sourceEndpoint(flow).identity),
  destination_identity: (values: number[]) => (flow) => values.includes(destinationEndpoint(flow).identity),
  source_port: (values: string[]) => portIn(values, (flow) => flow.sourcePort),
  destination_port: (values: string[]) => portIn(values, (flow) => flow.destinationPort),
  protocol: protocolIn,
  verdict: (values) => nameIn('verdict', values, verdictOf),
  drop_reason_desc: (values) => nameIn('drop_reason_desc', values, (flow) => dropReasonOf(flow)?.name),
  event_type: (values: EventTypeFilter[]) => (flow) => {
    const event = eventTypeOf(flow)
    return values.some((wanted) => isOfType(event, wanted))
  },
  traffic_direction: (values) => nameIn('traffic_direction', values, directionOf),
  ip_version: (values) => nameIn('ip_version', values, ipVersionOf),
  node_name: nodeIn,
  encrypted: (values: boolean[]) => (flow) => values.includes(flow.encrypted),
}

/**
 * What at least one of `whitelist`, where there is one, means, and none of `blacklist`. A filter means what all of its
 * fields mean, and a field what one of its values means.
 *
 * @throws Refusal naming the field that cannot be asked for, or its value.
 */
export function parseFilters(whitelist: readonly FlowFilter[], blacklist: readonly FlowFilter[]): FlowMatch {
  const included = whitelist.map(parseFilter)
  const excluded = blacklist.map(parseFilter)
  return (flow) =>
    (included.length === 0 || included.some((matches) => matches(flow))) &&
    !excluded.some((matches) => matches(flow))
}

function parseFilter(filter: FlowFilter): FlowMatch {
  const matches = Object.entries(filter).map(([name, values]) => {
    const parse = fields[name]
    if (!parse)
      throw unimplemented(
        `the filter ${name} is not supported: allowed are ${Object.keys(fields).sort().join(', ')}`,
      )
    return parse(values as never[])
  })
  return (flow) => matches.every((each) => each(flow))
}

/** @param values addresses and prefixes, such as `10.0.1.2` and `10.0.1.0/24`. */
function addressIn(values: readonly string[], addressOf: (flow: Flow) => string): FlowMatch {
  const list = new BlockList()
  for (const value of values) {
    const [address = '', length, ...rest] = value.split('/')
    const family = isIP(address)
    const bits = Number(length ?? (family === 6 ? 128 : 32))
    if (family === 0 || rest.length > 0 || !isWithin(length ?? '0', family === 6 ? 128 : 32))
      throw invalid(`${JSON.stringify(value)} is neither an address nor a prefix`)
    list.addSubnet(address, bits, family === 6 ? 'ipv6' : 'ipv4')
  }
  return (flow) => {
    const address = addressOf(flow)
    return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
  }
}

/** @param values the beginnings of pods' names, with a namespace or without: `web`, `default/web`, `default/`, `/web`. */
function podIn(values: readonly string[], endpointOf: (flow: Flow) => Endpoint): FlowMatch {
  const wanted = values.map((value) => {
    if (value === '') throw invalid('the name of a pod is empty')
    const [first = '', second] = value.split('/')
    return second === undefined ? { space: namespace, name: first } : { space: first, name: second }
  })
  return (flow) => {
    const { pod_name: pod, namespace: own } = endpointOf(flow)
    return (
      pod !== undefined &&
      wanted.some(({ space, name }) => pod.startsWith(name) && (space === '' || space === own))
    )
  }
}

function labelsMatch(values: readonly string[], endpointOf: (flow: Flow) => Endpoint): FlowMatch {
  const selectors = values.map(parseSelector)
  return (flow) => {
    const { labels } = endpointOf(flow)
    return selectors.some((matches) => matches(labels))
  }
}

function portIn(values: readonly string[], portOf: (flow: Flow) => number | undefined): FlowMatch {
  for (const value of values)
    if (!isWithin(value, 65_535)) throw invalid(`${JSON.stringify(value)} is no port`)
  const ports = new Set(values.map(Number))
  return (flow) => ports.has(portOf(flow) ?? -1)
}

const protocols: Readonly<Record<string, readonly Flow['protocol'][]>> = {
  tcp: ['tcp'],
  udp: ['udp'],
  icmp: ['icmp', 'ip-58'],
  icmpv4: ['icmp'],
  icmpv6: ['ip-58'],
  sctp: ['ip-132'],
  vrrp: ['ip-112'],
  igmp: ['ip-2'],
  // Not Hubble's, which never sees it; here every node does.
  esp: ['esp'],
}

function protocolIn(values: readonly string[]): FlowMatch {
  const wanted = values.flatMap((value) => {
    const name = value.toLowerCase()
    if (Object.hasOwn(protocols, name)) return protocols[name]!
    throw invalid(
      `the protocol ${JSON.stringify(value)} is not supported: allowed are ${Object.keys(protocols).join(', ')}`,
    )
  })
  return (flow) => wanted.includes(flow.protocol)
}

/** @param values names of an enum; its numbers where the enum is newer than the one here. */
function nameIn(
  field: string,
  values: readonly (string | number)[],
  nameOf: (flow: Flow) => string | undefined,
): FlowMatch {
  const strange = values.find((value) => typeof value === 'number')
  if (strange !== undefined) throw invalid(`the filter ${field} has no value ${strange}`)
  return (flow) => values.includes(nameOf(flow) ?? '')
}

function isOfType(
  event: EventType,
  { type = 0, match_sub_type = false, sub_type = 0 }: EventTypeFilter,
): boolean {
  return (type === 0 || type === event.type) && (!match_sub_type || sub_type === event.sub_type)
}

/** Cilium's name for a cluster that has none. */
const cluster = 'default'

/** @param values patterns such as `n1`, `k8s*`, `default/n1` and `default/`. */
function nodeIn(values: readonly string[]): FlowMatch {
  const patterns = values.map((value) => {
    const parts = value.split('/')
    const [ofNode = '', ofCluster = ''] = parts.reverse()
    if (value === '' || parts.length > 2 || !/^[-\w.*/]+$/.test(value))
      throw invalid(`${JSON.stringify(value)} is no pattern for the name of a node`)
    return new RegExp(`^${wildcard(ofCluster)}/${wildcard(ofNode)}$`, 'i')
  })
  return (flow) => patterns.some((pattern) => pattern.test(`${cluster}/${flow.node}`))
}

function wildcard(pattern: string): string {
  return (pattern || '*').replaceAll('.', '\\.').replaceAll('*', '[^/]*')
}

function isWithin(text: string, most: number): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) <= most
}
