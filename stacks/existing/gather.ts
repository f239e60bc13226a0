import type { KubeConfig } from '@kubernetes/client-node'
import { ApiError, ApiServer } from '../../agent/kubernetes/api-server.ts'
import { type PodObject, podOf } from '../../agent/kubernetes/translate.ts'
import { Problem } from '../../lab/problem.ts'
import {
  type ClusterFacts,
  type DaemonSetObject,
  daemonSetFacts,
  type NodeObject,
  nodeFacts,
} from './facts.ts'

/** Where networks keep their settings. */
const settingsObjects = [
  'kube-system/cilium-config',
  'kube-system/kubeadm-config',
  'kube-system/kube-flannel-cfg',
  'kube-flannel/kube-flannel-cfg',
  'kube-system/antrea-config',
]

/** Looks at a cluster, and changes nothing. @throws Problem where it does not answer, or does not let us look. */
export async function gatherFacts(config: KubeConfig): Promise<ClusterFacts> {
  const api = new ApiServer(config)
  const list = async <Item>(path: string) => ((await ask(api, path)) as { items: Item[] }).items
  const [system, nodes, pods, daemonSets, felix, ...settings] = await Promise.all([
    ask(api, '/api/v1/namespaces/kube-system'),
    list<NodeObject>('/api/v1/nodes'),
    // Some tell of all: what network they are plugged into.
    list<PodObject>('/api/v1/pods?limit=500'),
    list<DaemonSetObject>('/apis/apps/v1/daemonsets'),
    ask(api, '/apis/crd.projectcalico.org/v1/felixconfigurations/default'),
    ...settingsObjects.map((object) => {
      const [namespace, name] = object.split('/')
      return ask(api, `/api/v1/namespaces/${namespace}/configmaps/${name}`)
    }),
  ])
  return {
    identifier: (system as { metadata: { uid: string } }).metadata.uid,
    nodes: nodes.map(nodeFacts),
    pods: pods.flatMap((object) => {
      const pod = podOf(object)
      return pod ? [{ node: pod.node, address: pod.addresses[0]! }] : []
    }),
    daemonSets: daemonSets.map(daemonSetFacts),
    felixEncrypts:
      (felix as { spec?: { wireguardEnabled?: boolean } } | undefined)?.spec?.wireguardEnabled === true,
    settings: Object.fromEntries(
      settingsObjects.flatMap((object, at) => {
        const { data } = (settings[at] ?? {}) as { data?: Record<string, string> }
        return data ? [[object, data]] : []
      }),
    ),
  }
}

/** Undefined for what is not there. */
async function ask(api: ApiServer, path: string): Promise<unknown> {
  try {
    return await api.get(path)
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    const { status, message } = error
    if (status === 404) return undefined
    throw new Problem(
      'EAPI',
      4,
      `${api.address} ${status === undefined ? 'does not answer' : `refuses ${path}`}: ${message}`,
      status === undefined
        ? 'Is the cluster running, and does wireproof:context mean this one?'
        : 'Use the credentials of a cluster administrator.',
    )
  }
}
