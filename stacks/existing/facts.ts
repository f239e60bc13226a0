import type { AddressesBy } from '../../agent/kubernetes/mirror.ts'
import { contains } from '../../agent/plan/prefix.ts'

/** What is known of a cluster that others made, as far as it decides whether agents may go there. */
export interface ClusterFacts {
  /** Differs for every cluster there ever was. */
  readonly identifier: string
  readonly nodes: readonly NodeFacts[]
  /** Of pods with addresses of their own. */
  readonly pods: readonly { readonly node: string; readonly address: string }[]
  /** Every DaemonSet, with what its containers are. */
  readonly daemonSets: readonly DaemonSetFacts[]
  /** The ConfigMaps that networks keep their settings in, by namespace and name. */
  readonly settings: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Calico's, where the cluster has such objects. */
  readonly felixEncrypts: boolean
}

export interface NodeFacts {
  readonly name: string
  readonly kernel: string
  readonly operatingSystem: string
  readonly isReady: boolean
  readonly podRanges: readonly string[]
}

export interface DaemonSetFacts {
  /** `<namespace>/<name>`. */
  readonly name: string
  readonly images: readonly string[]
  /** Of all its containers. */
  readonly arguments: readonly string[]
  /** `NAME=value`; without the value where that is elsewhere. */
  readonly variables: readonly string[]
}

export interface NodeObject {
  readonly metadata: { readonly name: string }
  readonly spec?: { readonly podCIDR?: string; readonly podCIDRs?: readonly string[] }
  readonly status?: {
    readonly nodeInfo?: { readonly kernelVersion?: string; readonly operatingSystem?: string }
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
  }
}

export interface DaemonSetObject {
  readonly metadata: { readonly name: string; readonly namespace: string }
  readonly spec?: {
    readonly template?: {
      readonly spec?: {
        readonly containers?: readonly {
          readonly image?: string
          readonly args?: readonly string[]
          readonly command?: readonly string[]
          readonly env?: readonly { readonly name: string; readonly value?: string }[]
        }[]
      }
    }
  }
}

export function nodeFacts({ metadata, spec, status }: NodeObject): NodeFacts {
  return {
    name: metadata.name,
    kernel: status?.nodeInfo?.kernelVersion ?? '',
    operatingSystem: status?.nodeInfo?.operatingSystem ?? 'linux',
    isReady: status?.conditions?.some((each) => each.type === 'Ready' && each.status === 'True') ?? false,
    podRanges: spec?.podCIDRs ?? (spec?.podCIDR === undefined ? [] : [spec.podCIDR]),
  }
}

export function daemonSetFacts({ metadata, spec }: DaemonSetObject): DaemonSetFacts {
  const containers = spec?.template?.spec?.containers ?? []
  return {
    name: `${metadata.namespace}/${metadata.name}`,
    images: containers.flatMap(({ image }) => image ?? []),
    arguments: containers.flatMap(({ command = [], args = [] }) => [...command, ...args]),
    variables: containers.flatMap(({ env = [] }) => env.map(({ name, value = '' }) => `${name}=${value}`)),
  }
}

/** By what agents can tell whose an address is: nodes' ranges, where every pod's address is from its node's. */
export function addressesByOf({ nodes, pods }: Pick<ClusterFacts, 'nodes' | 'pods'>): AddressesBy {
  const linux = nodes.filter(({ operatingSystem }) => operatingSystem === 'linux')
  if (linux.some(({ podRanges }) => podRanges.length === 0)) return 'pods'
  const isElsewhere = pods.some(({ node, address }) => {
    const ranges = nodes.find(({ name }) => name === node)?.podRanges ?? []
    return ranges.length > 0 && !ranges.some((range) => contains(range, address))
  })
  return isElsewhere ? 'pods' : 'ranges'
}

/** The ranges that pods of all nodes come from: what kubeadm was told, else those that nodes have now. */
export function podRangesOf({ nodes, settings }: ClusterFacts): readonly string[] {
  const told = /^\s*podSubnet:\s*"?([\d./:a-f,]+)/m.exec(
    settings['kube-system/kubeadm-config']?.ClusterConfiguration ?? '',
  )?.[1]
  return told?.split(',') ?? [...new Set(nodes.flatMap(({ podRanges }) => podRanges))]
}

/** The first whose image or name is like that. */
export function daemonSetOf({ daemonSets }: ClusterFacts, pattern: RegExp): DaemonSetFacts | undefined {
  return daemonSets.find(
    ({ name, images }) => images.some((image) => pattern.test(image)) || pattern.test(name),
  )
}
