import {
  all,
  ComponentResource,
  type ComponentResourceOptions,
  type Output,
  type Resource,
} from '@pulumi/pulumi'
import type { CloudCluster } from '../cloud/agents-beside.ts'
import { CloudProvider } from '../cloud/cloud-resource.ts'
import { declareIn, type Tags } from '../cloud/declare.ts'
import { execKubeconfig } from '../cloud/exec-kubeconfig.ts'
import { declareControlPlane } from './control-plane.ts'
import { declareEnd } from './end.ts'
import { declareNetwork } from './network.ts'
import { declareNodes } from './nodes.ts'
import { declareSecurityGroups } from './security-groups.ts'
import type { EksSettings } from './settings.ts'

/** A cluster on EKS in a VPC of its own, with what ends it. */
export class EksCluster extends ComponentResource implements CloudCluster {
  /** Known when there are nodes. */
  declare readonly kubeconfig: Output<string>
  declare readonly identifier: Output<string>
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
    const declare = declareIn(this, name, provider)
    const ends = declareEnd(declare, name, end, tags)
    const network = declareNetwork(declare, region, tags)
    const cluster = declareControlPlane(declare, settings, network, tags, ends)
    const groups = declareSecurityGroups(declare, settings, network.vpc, cluster, tags)
    const nodes = declareNodes(declare, settings, network, cluster, groups, tags)
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
