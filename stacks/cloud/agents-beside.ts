import { type Output, type Resource, secret } from '@pulumi/pulumi'
import { EncryptedCluster } from '../cluster/encrypted-cluster.ts'
import type { WireproofAgentInputs } from '../cluster/wireproof-agent.ts'
import { nextSteps } from './next-steps.ts'
import type { CloudSettings } from './settings.ts'

/** A cluster in a cloud, as agents and people get to it. */
export interface CloudCluster {
  readonly kubeconfig: Output<string>
  readonly identifier: Output<string>
  /** All objects go with it. */
  readonly controlPlane: Resource
}

type Place = WireproofAgentInputs['place']

/**
 * Agents in a cluster whose network stays the cloud's.
 *
 * @param place.wire the device by which nodes reach each other, and the wire is seen.
 * @param connect adds the cluster to the user's kubeconfig.
 * @returns the outputs of the stack.
 */
export function agentsBeside(
  cluster: CloudCluster,
  { name, images }: CloudSettings,
  flags: WireproofAgentInputs['flags'],
  place: Pick<Place, 'clusterCidrs' | 'wire' | 'addresses'>,
  end: Output<string>,
  connect: string,
) {
  const kubeconfig = secret(cluster.kubeconfig)
  const { identifier, controlPlane: ownCluster } = cluster
  const { agents, wire } = new EncryptedCluster('encrypted', {
    access: { kubeconfig, identifier, ownCluster },
    images: { agent: { name: images.agent }, workload: { name: images.workload } },
    place: { ...place, routing: 'given', isNetwork: false },
    flags,
    readiness: { refuses: true },
    vantage: { kind: 'node', device: place.wire },
  })
  return {
    cluster: name,
    kubeconfig,
    expires: end,
    agents,
    wire,
    next: end.apply((moment) => wire.apply((view) => nextSteps(connect, moment, view))),
  }
}
