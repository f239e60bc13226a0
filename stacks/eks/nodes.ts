import type { CloudResource } from '../cloud/cloud-resource.ts'
import type { Declare, Tags } from '../cloud/declare.ts'
import type { Network } from './network.ts'
import { diskGigabytes } from './prices.ts'
import { assumedBy, attach } from './roles.ts'
import type { SecurityGroups } from './security-groups.ts'
import type { EksSettings } from './settings.ts'
import { vpcCniEnvironment } from './vpc-cni.ts'

export const nodeGroupOf = (name: string) => `${name}-nodes`

export function declareNodes(
  declare: Declare,
  { name, nodes, instanceType, kubernetes }: EksSettings,
  network: Network,
  cluster: CloudResource,
  groups: SecurityGroups,
  tags: Tags,
): CloudResource {
  const role = declare(
    'aws:iam/role:Role',
    'nodes',
    { assumeRolePolicy: assumedBy('ec2.amazonaws.com'), tags },
    ['arn'],
  )
  const rights = attach(declare, role, 'nodes', [
    'AmazonEKSWorkerNodePolicy',
    'AmazonEC2ContainerRegistryPullOnly',
    'AmazonEKS_CNI_Policy',
  ])
  const clusterName = cluster.output('name')
  const cni = declare('aws:eks/addon:Addon', 'vpc-cni', {
    clusterName,
    addonName: 'vpc-cni',
    configurationValues: JSON.stringify({ env: vpcCniEnvironment }),
    resolveConflictsOnCreate: 'OVERWRITE',
    resolveConflictsOnUpdate: 'OVERWRITE',
    tags,
  })
  const template = declare(
    'aws:ec2/launchTemplate:LaunchTemplate',
    'nodes',
    {
      vpcSecurityGroupIds: [groups.nodes],
      blockDeviceMappings: [
        {
          deviceName: '/dev/xvda',
          ebs: {
            volumeSize: diskGigabytes,
            volumeType: 'gp3',
            encrypted: 'true',
            deleteOnTermination: 'true',
          },
        },
      ],
      // What pods need not know they cannot ask for.
      metadataOptions: { httpTokens: 'required', httpPutResponseHopLimit: 1 },
      // Not with the end: another one would be another template, and so other nodes.
      tagSpecifications: ['instance', 'volume'].map((resourceType) => ({
        resourceType,
        tags: { 'wireproof:cluster': name },
      })),
      tags,
    },
    ['latestVersion'],
  )
  return declare(
    'aws:eks/nodeGroup:NodeGroup',
    'nodes',
    {
      clusterName,
      nodeGroupName: nodeGroupOf(name),
      nodeRoleArn: role.output('arn'),
      subnetIds: [network.nodes],
      version: kubernetes,
      // Its kernel has what agents need, and ESP as modules.
      amiType: 'AL2023_x86_64_STANDARD',
      instanceTypes: [instanceType],
      scalingConfig: { desiredSize: nodes, minSize: nodes, maxSize: nodes },
      launchTemplate: {
        id: template.id,
        version: template.output<number>('latestVersion').apply((version) => `${version}`),
      },
      tags,
    },
    [],
    [...rights, cni, network.isRouted, ...groups.rules],
  )
}
