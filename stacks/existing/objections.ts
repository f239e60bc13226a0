import { Problem } from '../../lab/problem.ts'
import { vpcCniEnvironment } from '../eks/vpc-cni.ts'
import { encryptionIn } from './encryptors.ts'
import { addressesByOf, type ClusterFacts, daemonSetOf, podRangesOf } from './facts.ts'
import type { ExistingSettings } from './settings.ts'

/** The oldest kernel that agents have been tested in. */
export const oldestKernel = { major: 6, minor: 1 }

type Asked = Pick<ExistingSettings, 'network' | 'podRanges' | 'flags'>
type Objection = (facts: ClusterFacts, asked: Asked) => readonly [message: string, remedy: string] | undefined

/** Why agents would hurt this cluster, or do nothing in it; undefined where nothing speaks against them. */
export function refusalOf(facts: ClusterFacts, asked: Asked): Problem | undefined {
  for (const object of objections) {
    const objection = object(facts, asked)
    if (objection) return new Problem('EUNFIT', 3, ...objection)
  }
  return undefined
}

/** What is to be known before agents come, a sentence each. */
export function warningsOf(facts: ClusterFacts, { flags }: Pick<ExistingSettings, 'flags'>): string[] {
  const linux = facts.nodes.filter(isLinux)
  return [
    ...(linux.length === 1
      ? [`${linux[0]!.name} is the only node: nothing crosses a wire, so nothing will be encrypted`]
      : []),
    ...facts.nodes
      .filter((node) => !isLinux(node))
      .map(({ name, operatingSystem }) => `${name} runs ${operatingSystem}: no agent can be there`),
    ...(flags.strict && flags.encryptL3
      ? [
          'wireproof:strict is true: what is protected and cannot be encrypted is dropped, and that is also what pods send to ' +
            'pods on other nodes by the address of a Service, and, unless wireproof:scope has nodes in it, to nodes',
        ]
      : []),
  ]
}

const isLinux = ({ operatingSystem }: { readonly operatingSystem: string }) => operatingSystem === 'linux'

const noLinux: Objection = ({ nodes }) =>
  nodes.some(isLinux)
    ? undefined
    : ['the cluster has no Linux node', 'Add one; agents are programs of Linux.']

const oldKernel: Objection = ({ nodes }) => {
  const old = nodes.filter((node) => isLinux(node) && isTooOld(node.kernel))
  if (old.length === 0) return undefined
  const which = old.map(({ name, kernel }) => `${name} (${kernel})`).join(', ')
  const wanted = `${oldestKernel.major}.${oldestKernel.minor}`
  return [
    `the kernel is too old on ${which}`,
    `Give every node Linux ${wanted} or newer: agents have been tested in none that is older.`,
  ]
}

const otherEncryption: Objection = (facts) => {
  const found = encryptionIn(facts)
  if (found === undefined) return undefined
  return [
    `${found}: two that encrypt the same packets would undo each other’s work`,
    'Switch it off first, or leave this cluster as it is.',
  ]
}

const cilium: Objection = (facts) => {
  const agent = daemonSetOf(facts, /(^|\/)cilium(-agent)?([:@]|$)|\/cilium\/cilium/)
  return (
    agent && [
      `the network of the cluster is Cilium’s (DaemonSet ${agent.name}): its programs are where agents would put theirs, and both ` +
        'write on packets’ marks',
      'Use Cilium’s own encryption, or a cluster with another network.',
    ]
  )
}

const ebpfOfCalico: Objection = (facts) => {
  const calico = daemonSetOf(facts, /calico\/node/)
  if (!calico?.variables.some((each) => /^FELIX_BPFENABLED=true$/i.test(each))) return undefined
  return [
    `Calico runs with its BPF data plane (DaemonSet ${calico.name}): its programs are where agents would put theirs`,
    'Use its standard data plane, or a cluster with another network.',
  ]
}

const missingNetwork: Objection = ({ nodes }, { network }) =>
  network === 'theirs' && nodes.every(({ isReady }) => !isReady)
    ? [
        'no node is ready, as in a cluster that has no network',
        'Install one, or let agents be it: npm run pulumi -- config set wireproof:network ours.',
      ]
    : undefined

const twoNetworks: Objection = (facts, { network }) => {
  const there = network === 'ours' ? daemonSetOf(facts, networks) : undefined
  return (
    there && [
      `the cluster has a network (DaemonSet ${there.name}), and agents cannot be another`,
      'Keep it: npm run pulumi -- config set wireproof:network theirs.',
    ]
  )
}

const amazonCni: Objection = (facts) => {
  const there = daemonSetOf(facts, /amazon-k8s-cni/)
  const missing = Object.entries(vpcCniEnvironment)
    .map(([variable, value]) => `${variable}=${value}`)
    .filter((wanted) => !there?.variables.includes(wanted))
  if (!there || missing.length === 0) return undefined
  return [
    `Amazon’s CNI (DaemonSet ${there.name}) gives pods interfaces that no agent guards, and writes on marks that agents use`,
    `Set ${missing.join(', ')} for it, and start its nodes anew; the stack eks does.`,
  ]
}

const noRanges: Objection = (facts, { podRanges, network }) => {
  const isBlind = podRanges === undefined && addressesByOf(facts) === 'pods' && !isToldByKubeadm(facts)
  if (isBlind || (podRanges ?? podRangesOf(facts)).length === 0)
    return [
      'it cannot be told which addresses pods have: nodes have no ranges that all of them are from',
      'Set wireproof:podRanges, such as 10.244.0.0/16.',
    ]
  if (network === 'ours' && addressesByOf(facts) === 'pods')
    return [
      'nodes have no ranges of addresses for pods (spec.podCIDR), which agents would plug them in from',
      'Give the cluster a range (--pod-network-cidr of kubeadm), or another network.',
    ]
  return undefined
}

const isToldByKubeadm = (facts: ClusterFacts) => podRangesOf({ ...facts, nodes: [] }).length > 0

const objections = [
  noLinux,
  oldKernel,
  otherEncryption,
  cilium,
  ebpfOfCalico,
  amazonCni,
  twoNetworks,
  missingNetwork,
  noRanges,
]

const networks =
  /cilium|calico\/node|kindnet|flannel|weave-kube|antrea|kube-router|amazon-k8s-cni|ovn-kube|kube-ovn|netd/

function isTooOld(kernel: string): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(kernel) ?? []
  if (major === undefined) return false
  return (
    Number(major) < oldestKernel.major ||
    (Number(major) === oldestKernel.major && Number(minor) < oldestKernel.minor)
  )
}
