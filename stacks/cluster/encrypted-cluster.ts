import { ComponentResource, type ComponentResourceOptions, type Input, type Output } from '@pulumi/pulumi'
import type { AgentReport } from '../cluster-provider/agent-reports.ts'
import { DemoWorkloads } from './demo-workloads.ts'
import { type ClusterAccess, KubernetesProvider } from './kubernetes.ts'
import type { TapView, Vantage } from './vantage.ts'
import { WireTap } from './wire-tap.ts'
import { type Image, WireproofAgent, type WireproofAgentInputs } from './wireproof-agent.ts'

export interface EncryptedClusterInputs extends Pick<WireproofAgentInputs, 'place' | 'flags' | 'readiness'> {
  readonly access: ClusterAccess
  readonly images: { readonly agent: Image; readonly workload: Image }
  readonly vantage: Input<Vantage>
}

/** A cluster with an agent on every node, pods to try it with, and a place to look at the wire from. */
export class EncryptedCluster extends ComponentResource {
  declare readonly agents: Output<readonly AgentReport[]>
  declare readonly wire: Output<TapView>

  constructor(name: string, inputs: EncryptedClusterInputs, options?: ComponentResourceOptions) {
    super('wireproof:index:EncryptedCluster', name, {}, options)
    const { access, images, vantage, ...ofAgents } = inputs
    const parent = { parent: this }
    const provider = new KubernetesProvider(name, access, {
      ...parent,
      ...(access.ownCluster && { deletedWith: access.ownCluster }),
    })
    const agent = new WireproofAgent('agent', { access, provider, image: images.agent, ...ofAgents }, parent)
    new DemoWorkloads('demo', { access, provider, image: images.workload, after: [agent] }, parent)
    this.agents = agent.agents
    this.wire = new WireTap('wire', vantage, parent).view
    this.registerOutputs({ agents: this.agents, wire: this.wire })
  }
}
