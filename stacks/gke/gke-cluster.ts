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
import type { GkeSettings } from './settings.ts'

/** A cluster on GKE in a network of its own, with what ends it. */
export class GkeCluster extends ComponentResource implements CloudCluster {
  /** Known when there are nodes. */
  declare readonly kubeconfig: Output<string>
  declare readonly identifier: Output<string>
  declare readonly controlPlane: Resource

  constructor(
    name: string,
    settings: GkeSettings,
    { end, labels }: { readonly end: Output<string>; readonly labels: Tags },
    options?: ComponentResourceOptions,
  ) {
    super('wireproof:index:GkeCluster', name, {}, options)
    const { project, region, zone } = settings
    const provider = new CloudProvider('gcp', name, { project, region, zone }, { parent: this })
    const declare = declareIn(this, name, provider)
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
