import { parseArgs } from 'node:util'
import type { Revisions } from './cluster/files.ts'
import { parseDuration } from './duration.ts'
import type { TlsPaths } from './hubble/tls.ts'
import { type ListenAddress, parseListenAddress } from './metrics/listen-address.ts'
import { AgentProblem } from './problem.ts'

/** What an agent does in a kernel that cannot encrypt. */
export type WithoutEsp = (typeof withoutEsp)[number]
const withoutEsp = ['end', 'guard'] as const

/**
 * How the devices of pods are known: by aliases, which whoever makes them gives them, or by the routes to pods' addresses,
 * where a CNI plugin makes them.
 */
export type PodDevices = (typeof podDevices)[number]
const podDevices = ['aliases', 'routes'] as const

export interface Options {
  readonly node: string
  /** Directory of the cluster store. */
  readonly cluster: string
  readonly socket: string
  /** Device that other nodes are reached by. */
  readonly wire: string
  /** Both win over the cluster's settings where they are given. */
  readonly encryptL3: boolean | undefined
  readonly strict: boolean | undefined
  /** Milliseconds after which the node gives itself new keys; undefined for as long as they last. */
  readonly rekeyAfter: number | undefined
  /** Where to serve metrics over TCP, if at all. */
  readonly metrics: ListenAddress | undefined
  /** Unix socket to serve the Hubble API on, if at all. */
  readonly hubble: string | undefined
  /** Where to serve it over TCP, if at all: over TLS always. */
  readonly hubbleTls: (ListenAddress & TlsPaths) | undefined
  /** File with the cluster key, where that is not in the directory of the cluster store. */
  readonly key: string | undefined
  readonly revisions: Revisions
  readonly withoutEsp: WithoutEsp
  readonly pods: PodDevices
  readonly cleanup: boolean
  /** File with the BPF programs, where they are not those that are built beside the agent. */
  readonly datapath: string | undefined
  /** Where kernel settings are written, where /proc/sys is there for reading only. */
  readonly sysctls: string | undefined
}

export const usage = `agent --node <name> --cluster <directory> --socket <path> --wire <device>
      [--enable-encrypt-l3[=true|false]] [--strict[=true|false]] [--rekey-after <duration>]
      [--metrics [<address>:]<port>] [--datapath <file>] [--without-esp end|guard] [--key <file>] [--mirrored]
      [--pods aliases|routes] [--sysctls <directory>]
      [--hubble <path>] [--hubble-listen [<address>:]<port> --hubble-tls-cert <file> --hubble-tls-key <file>
      [--hubble-tls-client-ca <file>]]
agent --cleanup --wire <device>`

/** @throws AgentProblem EUSAGE */
export function parseOptions(argv: readonly string[]): Options {
  const values = parse(argv)
  const cleanup = values.cleanup ?? false
  const required = cleanup ? (['wire'] as const) : (['node', 'cluster', 'socket', 'wire'] as const)
  for (const name of required) if (!values[name]) throw mistake(`--${name} is missing`)
  return {
    node: values.node ?? '',
    cluster: values.cluster ?? '',
    socket: values.socket ?? '',
    wire: values.wire ?? '',
    encryptL3: flag('enable-encrypt-l3', values['enable-encrypt-l3']),
    strict: flag('strict', values.strict),
    rekeyAfter: age('rekey-after', values['rekey-after']),
    metrics: listenAddress('metrics', values.metrics),
    hubble: values.hubble,
    hubbleTls: hubbleTls(values),
    key: values.key,
    revisions: values.mirrored ? 'assigned' : 'counted',
    withoutEsp: choice('without-esp', values['without-esp'] ?? 'end', withoutEsp),
    pods: choice('pods', values.pods ?? 'aliases', podDevices),
    cleanup,
    datapath: values.datapath,
    sysctls: values.sysctls,
  }
}

function parse(argv: readonly string[]) {
  // A flag alone means true; parseArgs has flags with a value or without, not both.
  const args = argv.map((each) => (/^--(enable-encrypt-l3|strict)$/.test(each) ? `${each}=true` : each))
  const string = { type: 'string' } as const
  const options = {
    node: string,
    cluster: string,
    socket: string,
    wire: string,
    datapath: string,
    sysctls: string,
    'enable-encrypt-l3': string,
    strict: string,
    'rekey-after': string,
    'without-esp': string,
    key: string,
    pods: string,
    mirrored: { type: 'boolean' },
    metrics: string,
    hubble: string,
    'hubble-listen': string,
    'hubble-tls-cert': string,
    'hubble-tls-key': string,
    'hubble-tls-client-ca': string,
    cleanup: { type: 'boolean' },
  } as const
  try {
    return parseArgs({ args, options, allowPositionals: false }).values
  } catch (error) {
    throw mistake((error as Error).message.split('.')[0] ?? 'unknown argument')
  }
}

function flag(name: string, value: string | undefined): boolean | undefined {
  if (value === undefined) return undefined
  if (value !== 'true' && value !== 'false') throw mistake(`--${name} is true or false`)
  return value === 'true'
}

function choice<Name extends string>(name: string, value: string, allowed: readonly Name[]): Name {
  const found = allowed.find((each) => each === value)
  if (found === undefined) throw mistake(`--${name} is ${allowed.join(' or ')}`)
  return found
}

/** In less nodes would do little else than agree on keys. */
const leastAge = 1000

function age(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const milliseconds = parseDuration(value)
  if (milliseconds === undefined || milliseconds < leastAge)
    throw mistake(`--${name} is a number and a unit, such as 30m, 24h or 7d, of one second or more`)
  return milliseconds
}

function listenAddress(name: string, value: string | undefined): ListenAddress | undefined {
  const address = value === undefined ? undefined : parseListenAddress(value)
  if (value !== undefined && !address) throw mistake(`--${name} is a port, or an address, a colon and a port`)
  return address
}

function hubbleTls(values: ReturnType<typeof parse>): Options['hubbleTls'] {
  const address = listenAddress('hubble-listen', values['hubble-listen'])
  const certificate = values['hubble-tls-cert']
  const key = values['hubble-tls-key']
  const clientCa = values['hubble-tls-client-ca']
  if (!address) {
    if ((certificate ?? key ?? clientCa) === undefined) return undefined
    throw mistake('the flags --hubble-tls-… are for --hubble-listen, which is missing')
  }
  if (!certificate || !key)
    throw mistake(
      '--hubble-listen needs --hubble-tls-cert and --hubble-tls-key: flows are not served over TCP in clear',
    )
  return { ...address, certificate, key, ...(clientCa === undefined ? {} : { clientCa }) }
}

function mistake(what: string): AgentProblem {
  return new AgentProblem('EUSAGE', 2, what, `Usage: ${usage}`)
}
