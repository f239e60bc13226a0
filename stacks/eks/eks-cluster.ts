import {
  all,
  ComponentResource,
  type ComponentResourceOptions,
  type Input,
  type Output,
  type Resource,
} from '@pulumi/pulumi'
import { CloudProvider, CloudResource } from '../cloud/cloud-resource.ts'
import { execKubeconfig } from '../cloud/exec-kubeconfig.ts'
import { onceAt } from '../cloud/lifetime.ts'
import { addresses } from './addresses.ts'
import { firewallRules } from './firewall.ts'
import { diskGigabytes } from './prices.ts'
import type { EksSettings } from './settings.ts'
import { vpcCniEnvironment } from './vpc-cni.ts'

type Tags = Readonly<Record<string, Input<string>>>
type Declare = (
  type: string,
  name: string,
  inputs: Readonly<Record<string, unknown>>,
  outputs?: readonly string[],
  after?: readonly Resource[],
) => CloudResource

/** The cluster itself is deleted when its nodes are gone. */
const nodesTakeMs = 20 * 60_000

/** A cluster on EKS in a VPC of its own, with what ends it. */
export class EksCluster extends ComponentResource {
  /** Known when there are nodes. */
  declare readonly kubeconfig: Output<string>
  declare readonly identifier: Output<string>
  /** All objects go with it. */
  declare readonly controlPlane: Resource

  constructor(
    name: string,
    settings: EksSettings,
    { end, tags }: { readonly end: Output<string>; readonly tags: Tags },
    options?: ComponentResourceOptions,
  ) {
    super('wireproof:index:EksCluster', name, {}, options)
    const { region } = settings
    const provider = new CloudProvider('aws', name, { region }, { parent: this })
    const declare: Declare = (type, suffix, inputs, outputs = [], after = []) =>
      new CloudResource(
        type,
        `${name}-${suffix}`,
        inputs,
        { parent: this, provider, dependsOn: [...after] },
        outputs,
      )
    const ends = declareEnd(declare, name, end, tags)
    const network = declareNetwork(declare, region, tags)
    const cluster = declareControlPlane(declare, settings, network, tags, ends)
    const firewall = declareFirewall(declare, settings, network.vpc, cluster, tags)
    const nodes = declareNodes(declare, settings, network, cluster, firewall, tags)
    this.controlPlane = cluster
    const certificateAuthority = cluster.output<{ data: string }>('certificateAuthority')
    this.kubeconfig = all([cluster.output('endpoint'), certificateAuthority, nodes.id]).apply(
      ([server, { data: certificate }]) =>
        execKubeconfig(
          name,
          { server, certificate },
          {
            command: 'aws',
            args: ['eks', 'get-token', '--cluster-name', name, '--region', region],
            installHint: 'Install the AWS CLI, version 2.',
          },
        ),
    )
    this.identifier = all([cluster.output('arn'), cluster.output('createdAt')]).apply(
      ([arn, createdAt]) => `${arn}@${createdAt}`,
    )
    this.registerOutputs({})
  }
}

const assumedBy = (service: string) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
  })

/** Comes before all that costs: what is made after it has an end from its first moment. */
function declareEnd(declare: Declare, name: string, end: Output<string>, tags: Tags): CloudResource[] {
  const role = declare(
    'aws:iam/role:Role',
    'end',
    { assumeRolePolicy: assumedBy('scheduler.amazonaws.com'), tags },
    ['arn'],
  )
  const rights = declare('aws:iam/rolePolicy:RolePolicy', 'end', {
    role: role.id,
    policy: JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: ['eks:DeleteNodegroup', 'eks:DeleteCluster'],
          Resource: [
            `arn:aws:eks:*:*:cluster/${name}`,
            `arn:aws:eks:*:*:nodegroup/${name}/${nodeGroupOf(name)}/*`,
          ],
        },
      ],
    }),
  })
  // A schedule calls the API by the names that the SDK for Java gives to members.
  const calls = [
    {
      call: 'deleteNodegroup',
      input: { ClusterName: name, NodegroupName: nodeGroupOf(name) },
      delay: 0,
    },
    { call: 'deleteCluster', input: { Name: name }, delay: nodesTakeMs },
  ]
  return calls.map(({ call, input, delay }) =>
    declare(
      'aws:scheduler/schedule:Schedule',
      call.toLowerCase(),
      {
        description: `ends the cluster ${name}`,
        scheduleExpression: end.apply((moment) => onceAt(moment, delay)),
        scheduleExpressionTimezone: 'UTC',
        flexibleTimeWindow: { mode: 'OFF' },
        target: {
          arn: `arn:aws:scheduler:::aws-sdk:eks:${call}`,
          roleArn: role.output('arn'),
          input: JSON.stringify(input),
          // The cluster cannot go while a node is left; it is tried again for as long as schedules can.
          retryPolicy: { maximumRetryAttempts: 185, maximumEventAgeInSeconds: 86_400 },
        },
      },
      [],
      [rights],
    ),
  )
}

interface Network {
  readonly vpc: Output<string>
  readonly controlPlane: readonly Output<string>[]
  readonly nodes: Output<string>
  readonly isRouted: CloudResource
}

function declareNetwork(declare: Declare, region: string, tags: Tags): Network {
  const vpc = declare('aws:ec2/vpc:Vpc', 'vpc', {
    cidrBlock: addresses.vpc,
    enableDnsHostnames: true,
    enableDnsSupport: true,
    tags,
  })
  const subnet = (suffix: string, cidrBlock: string, zone: 'a' | 'b', mapPublicIpOnLaunch: boolean) =>
    declare('aws:ec2/subnet:Subnet', suffix, {
      vpcId: vpc.id,
      cidrBlock,
      availabilityZone: `${region}${zone}`,
      mapPublicIpOnLaunch,
      tags,
    })
  const [first, second] = addresses.controlPlane
  const controlPlane = [
    subnet('control-plane-a', first, 'a', false),
    subnet('control-plane-b', second, 'b', false),
  ]
  const nodes = subnet('nodes', addresses.nodes, 'a', true)
  const gateway = declare('aws:ec2/internetGateway:InternetGateway', 'internet', { vpcId: vpc.id, tags })
  const routes = declare('aws:ec2/routeTable:RouteTable', 'nodes', {
    vpcId: vpc.id,
    routes: [{ cidrBlock: '0.0.0.0/0', gatewayId: gateway.id }],
    tags,
  })
  const isRouted = declare('aws:ec2/routeTableAssociation:RouteTableAssociation', 'nodes', {
    subnetId: nodes.id,
    routeTableId: routes.id,
  })
  return { vpc: vpc.id, controlPlane: controlPlane.map(({ id }) => id), nodes: nodes.id, isRouted }
}

function declareControlPlane(
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

function declareFirewall(
  declare: Declare,
  { flags }: EksSettings,
  vpcId: Output<string>,
  cluster: CloudResource,
  tags: Tags,
): { readonly group: Output<string>; readonly rules: readonly CloudResource[] } {
  const nodes = declare('aws:ec2/securityGroup:SecurityGroup', 'nodes', {
    vpcId,
    description: 'Nodes, and pods on them',
    tags,
  }).id
  const controlPlane = cluster
    .output<{ clusterSecurityGroupId: string }>('vpcConfig')
    .apply(({ clusterSecurityGroupId }) => clusterSecurityGroupId)
  const groups = { nodes, 'control-plane': controlPlane }
  const ingress = firewallRules(flags).map(({ name, to, from, protocol, port, description }) =>
    declare('aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule', name, {
      securityGroupId: groups[to],
      referencedSecurityGroupId: groups[from],
      ipProtocol: protocol,
      ...(port !== undefined && { fromPort: port, toPort: port }),
      description,
      tags,
    }),
  )
  const egress = declare('aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule', 'out', {
    securityGroupId: nodes,
    cidrIpv4: '0.0.0.0/0',
    ipProtocol: '-1',
    description: 'images, names and time',
    tags,
  })
  return { group: nodes, rules: [...ingress, egress] }
}

function declareNodes(
  declare: Declare,
  { name, nodes, instanceType, kubernetes }: EksSettings,
  network: Network,
  cluster: CloudResource,
  firewall: ReturnType<typeof declareFirewall>,
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
      vpcSecurityGroupIds: [firewall.group],
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
    [...rights, cni, network.isRouted, ...firewall.rules],
  )
}

const nodeGroupOf = (name: string) => `${name}-nodes`

function attach(
  declare: Declare,
  role: CloudResource,
  suffix: string,
  policies: readonly string[],
): CloudResource[] {
  return policies.map((policy) =>
    declare('aws:iam/rolePolicyAttachment:RolePolicyAttachment', `${suffix}-${policy.toLowerCase()}`, {
      role: role.id,
      policyArn: `arn:aws:iam::aws:policy/${policy}`,
    }),
  )
}
