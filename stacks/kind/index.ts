import { fileURLToPath } from 'node:url'
import { secret } from '@pulumi/pulumi'
import { defaultSettings } from '../../deploy/kubernetes/settings.ts'
import { EncryptedCluster } from '../cluster/encrypted-cluster.ts'
import { sourcesOf } from '../cluster/image-sources.ts'
import { KindCluster, LoadedImage } from '../cluster/plugin-resources.ts'
import type { Get } from '../configuration.ts'
import { nextSteps } from './next-steps.ts'
import { readKindSettings } from './settings.ts'

// Pulumi runs the program in its own directory, and paths in the configuration are seen from the project's.
const root = fileURLToPath(new URL('../..', import.meta.url))

/** The stack `kind`: a cluster of containers on this machine, whose network is our agents. */
export function program(get: Get) {
  const { flags, ...inputs } = readKindSettings(get, root)
  const cluster = new KindCluster(inputs.name, inputs)
  const load = (image: 'agent' | 'workload') => {
    const { name, incarnation } = cluster
    const from = { cluster: name, incarnation, image, builtFrom: sourcesOf(image) }
    return new LoadedImage(image, from, { parent: cluster, deletedWith: cluster })
  }
  const { agents, wire } = new EncryptedCluster('encrypted', {
    access: { kubeconfig: cluster.kubeconfig, identifier: cluster.incarnation, ownCluster: cluster },
    images: { agent: load('agent'), workload: load('workload') },
    place: { ...defaultSettings, isNetwork: true },
    flags,
    vantage: cluster.bridge.apply((device) => ({ kind: 'bridge' as const, device })),
  })
  const { name, nodes } = cluster
  return {
    cluster: name,
    kubeconfig: secret(cluster.kubeconfig),
    nodes,
    agents,
    wire,
    next: wire.apply((view) => nextSteps(inputs.name, view)),
  }
}
