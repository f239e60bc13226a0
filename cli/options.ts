import { InvalidArgumentError, Option } from 'commander'
import { suiteNames } from '../lab/suites.ts'
import type { Topology } from '../lab/topology.ts'

/** Options that several verbs share, each defined once. */

export function kernelOption(): Option {
  return new Option(
    '--kernel <kernel>',
    'host, uml, qemu, qemu:6.1 or qemu:6.12; by default the first that can do it',
  )
    .env('WIREPROOF_KERNEL_CHOICE')
    .argParser((value) => {
      if (!/^(auto|host|uml|qemu(:\S+)?)$/.test(value))
        throw new InvalidArgumentError('Allowed: host, uml, qemu, qemu:6.1, qemu:6.12.')
      return value
    })
    .default('auto')
}

export function labOption(): Option {
  return new Option('-l, --lab <name>', 'which lab; may be left out when one is running').argParser(labName)
}

/** @param otherwise what is encrypted with where it is left out. */
export function suiteOption(otherwise: string): Option {
  return new Option('--suite <name>', `what to encrypt with; ${otherwise}`).choices(suiteNames)
}

/** A lab's name becomes part of namespace names, so it keeps to what those allow. */
export function labName(value: string): string {
  if (!/^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$/.test(value))
    throw new InvalidArgumentError('A lab name is lower-case letters, digits and dashes, at most 20.')
  return value
}

export function agentsOption(): Option {
  return new Option(
    '-l, --lab <name>',
    'which lab, kind:<cluster>, or kubernetes[:<context>]; may be left out when one lab is running',
  ).argParser((value) => (/^kubernetes(:.+)?$/.test(value) ? value : labOrClusterName(value)))
}

/** A lab's name, or a cluster of kind: `kind:<name>`. */
export function labOrClusterName(value: string): string {
  if (/^kind:[a-z0-9][a-z0-9.-]*$/.test(value)) return value
  return labName(value)
}

/** The value of a flag that may stand alone: `--strict`, `--strict=true`, `--strict=false`. */
export function booleanArgument(value: string): boolean {
  if (value === 'true') return true
  if (value === 'false') return false
  throw new InvalidArgumentError('Allowed: true, false.')
}

/** How often something is done: 1 to 10,000. */
export function roundsArgument(value: string): number {
  const rounds = Number(value)
  if (!/^\d{1,5}$/.test(value) || rounds < 1 || rounds > 10_000)
    throw new InvalidArgumentError('Allowed: 1 to 10000.')
  return rounds
}

/** How many of something, in digits or as `1e9`. */
export function countArgument(value: string): number {
  const count = Number(value)
  if (!/^\d+(e\d+)?$/.test(value) || !Number.isSafeInteger(count) || count < 1)
    throw new InvalidArgumentError('Give a whole number from 1, such as 1000000 or 1e9.')
  return count
}

/** What random instants are drawn from. */
export function seedArgument(value: string): string {
  if (!/^[\w-]{1,64}$/.test(value))
    throw new InvalidArgumentError('A seed is letters, digits and dashes, at most 64.')
  return value
}

/** From the outer command to the same command in a kernel it has booted: the topology, read and checked already. */
export function checkedTopologyOption(): Option {
  return new Option('--checked-topology <json>').hideHelp().conflicts('topology')
}

export interface TopologyOptions {
  readonly topology?: string
  readonly checkedTopology?: string
}

/** @throws Problem naming each mistake and its line. */
export async function topologyOf(options: TopologyOptions): Promise<Topology> {
  if (options.checkedTopology) return JSON.parse(options.checkedTopology) as Topology
  const { readTopology } = await import('../lab/topology-file.ts')
  return readTopology(options.topology)
}
