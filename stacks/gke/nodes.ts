import type { CloudResource } from '../cloud/cloud-resource.ts'
import type { Declare } from '../cloud/declare.ts'
import { tagOf } from './network.ts'
import { diskGigabytes } from './prices.ts'
import { everything } from './scopes.ts'
import type { GkeSettings } from './settings.ts'

export function declareNodes(
  declare: Declare,
  { name, nodes, project, zone, machineType }: GkeSettings,
  cluster: CloudResource,
  firewall: CloudResource,
): CloudResource {
  const account = declare(
    'gcp:serviceaccount/account:Account',
    'nodes',
    { accountId: `${name}-nodes`, displayName: `nodes of the cluster ${name}` },
    ['email', 'member'],
  )
  const rights = ['roles/container.defaultNodeServiceAccount', 'roles/artifactregistry.reader'].map((role) =>
    declare('gcp:projects/iAMMember:IAMMember', `nodes-${role.split(/[/.]/)[1]}`, {
      project,
      role,
      member: account.output('member'),
    }),
  )
  return declare(
    'gcp:container/nodePool:NodePool',
    'nodes',
    {
      name: 'nodes',
      cluster: cluster.output('name'),
      location: zone,
      nodeCount: nodes,
      management: { autoRepair: true, autoUpgrade: true },
      nodeConfig: {
        machineType,
        // Its kernel has ESP as modules, as Ubuntu's have.
        imageType: 'UBUNTU_CONTAINERD',
        diskSizeGb: diskGigabytes,
        diskType: 'pd-standard',
        serviceAccount: account.output('email'),
        oauthScopes: [everything],
        metadata: { 'disable-legacy-endpoints': 'true' },
        tags: [tagOf(name)],
        // Not with the end: another one would be other nodes.
        resourceLabels: { 'wireproof-cluster': name },
        labels: { 'wireproof.dev/stack': 'gke' },
      },
    },
    [],
    [...rights, firewall],
  )
}
