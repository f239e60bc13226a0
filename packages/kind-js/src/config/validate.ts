import { ConfigError } from '../error.ts'
import { type Check, flag, integer, isObject, listOf, mapOf, object, oneOf, show, text } from './check.ts'
import { complainOfLabelName, complainOfLabelValue } from './labels.ts'
import { longestHostName, plannedNodeNames } from './node-names.ts'
import { checkKind, jsonPatch, kubeadmPatch } from './patches.ts'
import { checkPortConflicts } from './ports.ts'
import { type ConfigProblem, Problems } from './problem.ts'
import { complainOfAddress, complainOfSubnets } from './subnets.ts'
import { type ClusterConfig, configApiVersion, type IpFamily, type NodeConfig } from './types.ts'

const ipFamilies: readonly IpFamily[] = ['ipv4', 'ipv6', 'dual']

/** @returns nothing where it is a name that kind takes. */
export function complainOfName(name: string): string | undefined {
  if (!/^[a-z0-9.-]+$/.test(name)) return `must match [a-z0-9.-]+, and is ${show(name)}`
  return undefined
}

const notEmpty = text((value) => (value.trim() === '' ? 'must not be empty' : undefined))
const path = (mustBeAbsolute: boolean) =>
  text((value) => {
    if (value === '') return 'must not be empty'
    if (value.includes(':')) return `must have no ":", and is ${show(value)}`
    return mustBeAbsolute && !value.startsWith('/') ? `must be absolute, and is ${show(value)}` : undefined
  })
const image = text((value) =>
  /^[^\s]+$/.test(value) ? undefined : `must be the name of an image, and is ${show(value)}`,
)
const port = integer(-1, 65535, ' (0 for a free one, -1 for the provider to choose)')

const protocol: Check = (value, where, problems) =>
  oneOf(['TCP', 'UDP', 'SCTP'])(typeof value === 'string' ? value.toUpperCase() : value, where, problems)

const patchFor6902 = object({ group: text(), version: text(), kind: checkKind, patch: jsonPatch }, [
  'kind',
  'patch',
])

const node = object({
  role: oneOf(['control-plane', 'worker']),
  image,
  labels: mapOf(text(complainOfLabelName), text(complainOfLabelValue)),
  extraMounts: listOf(
    object(
      {
        containerPath: path(true),
        hostPath: path(false),
        readOnly: flag,
        selinuxRelabel: flag,
        propagation: oneOf(['None', 'HostToContainer', 'Bidirectional']),
      },
      ['containerPath', 'hostPath'],
    ),
  ),
  extraPortMappings: listOf(
    object(
      {
        containerPort: integer(1, 65535),
        hostPort: port,
        listenAddress: text(complainOfAddress),
        protocol,
      },
      ['containerPort'],
    ),
  ),
  kubeadmConfigPatches: listOf(kubeadmPatch),
  kubeadmConfigPatchesJSON6902: listOf(patchFor6902),
})

const networking: Check = (value, where, problems) => {
  const family = isObject(value) && ipFamilies.includes(value.ipFamily as IpFamily) ? value.ipFamily : 'ipv4'
  const subnets = text((its) => complainOfSubnets(its, family as IpFamily))
  object({
    ipFamily: oneOf(ipFamilies),
    apiServerPort: port,
    apiServerAddress: text(complainOfAddress),
    podSubnet: subnets,
    serviceSubnet: subnets,
    disableDefaultCNI: flag,
    kubeProxyMode: oneOf(['iptables', 'ipvs', 'nftables', 'none']),
    dnsSearch: listOf(notEmpty),
  })(value, where, problems)
}

const cluster = object({
  kind: oneOf(['Cluster']),
  apiVersion: oneOf([configApiVersion]),
  name: text(complainOfName),
  nodes: listOf(node),
  networking,
  featureGates: mapOf(notEmpty, flag),
  runtimeConfig: mapOf(notEmpty, text()),
  kubeadmConfigPatches: listOf(kubeadmPatch),
  kubeadmConfigPatchesJSON6902: listOf(patchFor6902),
  containerdConfigPatches: listOf(notEmpty),
  containerdConfigPatchesJSON6902: listOf(jsonPatch),
})

/**
 * Everything that is wrong with a configuration: what kind refuses, and what it takes although it cannot come to good,
 * such as a patch for an object that there is not, or a label that keeps the kubelet from starting.
 */
export function validateConfig(config: unknown): readonly ConfigProblem[] {
  const problems = new Problems()
  cluster(config, '', problems)
  if (isObject(config)) checkNodes(config, problems)
  return problems.found
}

/**
 * Lets pass only what `validateConfig` finds nothing wrong with.
 *
 * @throws ConfigError with everything that is wrong with it.
 */
export function assertValidConfig(config: unknown): asserts config is ClusterConfig {
  const problems = validateConfig(config)
  if (problems.length > 0) throw new ConfigError(problems)
}

/** What concerns several nodes at once. */
function checkNodes(config: Readonly<Record<string, unknown>>, problems: Problems): void {
  const { nodes, name } = config
  if (nodes !== undefined && !Array.isArray(nodes)) return
  const all: readonly unknown[] = nodes ?? []
  if (all.length > 0 && all.every((one) => isObject(one) && one.role === 'worker'))
    problems.add('nodes', 'must have at least one node with the role control-plane')
  checkPortConflicts(all, problems)
  if (!all.every(isObject) || (name !== undefined && typeof name !== 'string')) return
  const planned = plannedNodeNames({
    nodes: all as readonly NodeConfig[],
    ...(name === undefined ? {} : { name }),
  })
  const tooLong = planned.find((its) => its.length > longestHostName)
  if (tooLong)
    problems.add(
      'name',
      `is too long: a node would be called ${tooLong}, and a host's name may have ${longestHostName} characters`,
    )
}
