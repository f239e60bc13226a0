import type { CloudResource } from '../cloud/cloud-resource.ts'
import type { Declare, Tags } from '../cloud/declare.ts'
import type { Network } from './network.ts'
import { assumedBy, attach } from './roles.ts'
import type { EksSettings } from './settings.ts'

export function declareControlPlane(
  declare: Declare,
  { name, kubernetes, apiAccess }: EksSettings,
  network: Network,
  tags: Tags,
  ends: readonly CloudResource[],
): CloudResource {
  const role = declare(
    'aws:iam/role:Role',
    'control-plane',
    { assumeRolePolicy: assumedBy('eks.amazonaws.com'), tags },
    ['arn'],
  )
  const rights = attach(declare, role, 'control-plane', ['AmazonEKSClusterPolicy'])
  return declare(
    'aws:eks/cluster:Cluster',
    'cluster',
    {
      name,
      version: kubernetes,
      roleArn: role.output('arn'),
      vpcConfig: {
        subnetIds: network.controlPlane,
        endpointPublicAccess: true,
        endpointPrivateAccess: true,
        publicAccessCidrs: apiAccess,
      },
      accessConfig: { authenticationMode: 'API', bootstrapClusterCreatorAdminPermissions: true },
      // The extended kind costs six times as much.
      upgradePolicy: { supportType: 'STANDARD' },
      tags,
    },
    ['endpoint', 'certificateAuthority', 'arn', 'createdAt'],
    [...rights, ...ends],
  )
}
