import type { Output } from '@pulumi/pulumi'
import type { CloudResource } from '../cloud/cloud-resource.ts'
import type { Declare, Tags } from '../cloud/declare.ts'
import { addresses } from './addresses.ts'

export interface Network {
  readonly vpc: Output<string>
  readonly controlPlane: readonly Output<string>[]
  readonly nodes: Output<string>
  readonly isRouted: CloudResource
}

export function declareNetwork(declare: Declare, region: string, tags: Tags): Network {
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
