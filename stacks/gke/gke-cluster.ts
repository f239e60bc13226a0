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
import { yearlyAt } from '../cloud/lifetime.ts'
import { addresses } from './addresses.ts'
import { diskGigabytes } from './prices.ts'
import type { GkeSettings } from './settings.ts'

type Labels = Readonly<Record<string, Input<string>>>
type Declare = (
  type: string,
  name: string,
  inputs: Readonly<Record<string, unknown>>,
  outputs?: readonly string[],
  after?: readonly Resource[],
) => CloudResource

const everything = 'https://www.googleapis.com/auth/cloud-platform'

/** A cluster on GKE in a network of its own, with what ends it. */
export class GkeCluster extends ComponentResource {
  /** Known when there are nodes. */
  declare readonly kubeconfig: Output<string>
  declare readonly identifier: Output<string>
  /** All objects go with it. */
  declare readonly controlPlane: Resource

  constructor(
    name: string,
    settings: GkeSettings,
    { end, labels }: { readonly end: Output<string>; readonly labels: Labels },
    options?: ComponentResourceOptions,
  ) {
    super('wireproof:index:GkeCluster', name, {}, options)
    const { project, region, zone } = settings
    const provider = new CloudProvider('gcp', name, { project, region, zone }, { parent: this })
    const declare: Declare = (type, suffix, inputs, outputs = [], after = []) =>
      new CloudResource(
        type,
        `${name}-${suffix}`,
        inputs,
        { parent: this, provider, dependsOn: [...after] },
        outputs,
      )
    const ends = declareEnd(declare, settings, end)
    const network = declareNetwork(declare, settings)
    const cluster = declareControlPlane(declare, settings, network, labels, ends)
    const nodes = declareNodes(declare, settings, cluster, network.firewall)
    this.controlPlane = cluster
    const masterAuth = cluster.output<{ clusterCaCertificate: string }>('masterAuth')
    this.kubeconfig = all([cluster.output('endpoint'), masterAuth, nodes.id]).apply(
      ([endpoint, { clusterCaCertificate }]) =>
        execKubeconfig(
          name,
          { server: `https://${endpoint}`, certificate: clusterCaCertificate },
          {
            command: 'gke-gcloud-auth-plugin',
            args: [],
            provideClusterInfo: true,
            installHint: 'Install gke-gcloud-auth-plugin (gcloud components install gke-gcloud-auth-plugin).',
          },
        ),
    )
    this.identifier = all([cluster.output('selfLink'), cluster.output('endpoint')]).apply(
      ([link, endpoint]) => `${link}@${endpoint}`,
    )
    this.registerOutputs({})
  }
}

/** Comes before all that costs: what is made after it has an end from its first moment. */
function declareEnd(
  declare: Declare,
  { name, project, region, zone }: GkeSettings,
  end: Output<string>,
): CloudResource[] {
  const account = declare(
    'gcp:serviceaccount/account:Account',
    'end',
    { accountId: `${name}-end`.padEnd(6, '0'), displayName: `ends the cluster ${name}` },
    ['email', 'member'],
  )
  const role = declare(
    'gcp:projects/iAMCustomRole:IAMCustomRole',
    'end',
    {
      roleId: `${name.replaceAll('-', '_')}_end`,
      title: `Delete clusters of GKE, for ${name}`,
      permissions: ['container.clusters.delete'],
    },
    ['name'],
  )
  const may = declare('gcp:projects/iAMMember:IAMMember', 'end', {
    project,
    role: role.output('name'),
    member: account.output('member'),
  })
  const job = declare(
    'gcp:cloudscheduler/job:Job',
    'end',
    {
      name: `${name}-end`,
      region,
      description: `ends the cluster ${name}`,
      schedule: end.apply(yearlyAt),
      timeZone: 'Etc/UTC',
      retryConfig: { retryCount: 5, minBackoffDuration: '60s', maxBackoffDuration: '3600s' },
      httpTarget: {
        httpMethod: 'DELETE',
        uri: `https://container.googleapis.com/v1/projects/${project}/locations/${zone}/clusters/${name}`,
        oauthToken: { serviceAccountEmail: account.output('email'), scope: everything },
      },
    },
    [],
    [may],
  )
  return [job]
}

interface Network {
  readonly network: Output<string>
  readonly subnetwork: Output<string>
  readonly firewall: CloudResource
}

function declareNetwork(declare: Declare, { name, region }: GkeSettings): Network {
  const network = declare('gcp:compute/network:Network', 'network', { name, autoCreateSubnetworks: false })
  const subnetwork = declare('gcp:compute/subnetwork:Subnetwork', 'nodes', {
    name,
    region,
    network: network.id,
    ipCidrRange: addresses.nodes,
    secondaryIpRanges: [
      { rangeName: 'pods', ipCidrRange: addresses.pods },
      { rangeName: 'services', ipCidrRange: addresses.services },
    ],
  })
  // GKE's own rules let TCP, UDP and ICMP pass between nodes, and no ESP.
  const firewall = declare('gcp:compute/firewall:Firewall', 'esp', {
    name: `${name}-esp`,
    network: network.id,
    direction: 'INGRESS',
    description: 'ESP, and ESP in UDP, between nodes',
    allows: [{ protocol: 'esp' }, { protocol: 'udp', ports: ['4500'] }],
    sourceTags: [tagOf(name)],
    targetTags: [tagOf(name)],
  })
  return { network: network.id, subnetwork: subnetwork.id, firewall }
}

function declareControlPlane(
  declare: Declare,
  { name, project, zone, apiAccess }: GkeSettings,
  { network, subnetwork }: Network,
  labels: Labels,
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

function declareNodes(
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

const tagOf = (name: string) => `${name}-node`
