import type { CloudResource } from '../cloud/cloud-resource.ts'
import type { Declare, Tags } from '../cloud/declare.ts'
import type { Network } from './network.ts'
import type { GkeSettings } from './settings.ts'

export function declareControlPlane(
  declare: Declare,
  { name, project, zone, apiAccess }: GkeSettings,
  { network, subnetwork }: Network,
  labels: Tags,
  ends: readonly CloudResource[],
): CloudResource {
  return declare(
    'gcp:container/cluster:Cluster',
    'cluster',
    {
      name,
      project,
      location: zone,
      network,
      subnetwork,
      networkingMode: 'VPC_NATIVE',
      ipAllocationPolicy: { clusterSecondaryRangeName: 'pods', servicesSecondaryRangeName: 'services' },
      // The other data plane is Cilium's, whose programs are where agents would put theirs.
      datapathProvider: 'LEGACY_DATAPATH',
      releaseChannel: { channel: 'REGULAR' },
      masterAuthorizedNetworksConfig: {
        cidrBlocks: apiAccess.map((cidrBlock) => ({ cidrBlock })),
      },
      // Nodes are in a pool of their own; the one that GKE insists on is removed at once.
      removeDefaultNodePool: true,
      initialNodeCount: 1,
      // Whoever may destroy the stack, and the end that was set, must be able to.
      deletionProtection: false,
      resourceLabels: labels,
    },
    ['endpoint', 'masterAuth', 'selfLink'],
    ends,
  )
}
