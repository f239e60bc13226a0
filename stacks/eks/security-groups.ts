import type { Output } from '@pulumi/pulumi'
import type { CloudResource } from '../cloud/cloud-resource.ts'
import type { Declare, Tags } from '../cloud/declare.ts'
import { firewallRules } from './firewall.ts'
import type { EksSettings } from './settings.ts'

/** Of nodes, and the rules by which they and the control plane reach each other. */
export interface SecurityGroups {
  readonly nodes: Output<string>
  readonly rules: readonly CloudResource[]
}

export function declareSecurityGroups(
  declare: Declare,
  { flags }: EksSettings,
  vpcId: Output<string>,
  cluster: CloudResource,
  tags: Tags,
): SecurityGroups {
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
  return { nodes, rules: [...ingress, egress] }
}
