import {
  all,
  ComponentResource,
  type ComponentResourceOptions,
  type CustomResourceOptions,
  type Input,
  log,
  type Output,
} from '@pulumi/pulumi'
import { agentManifests, keyManifest } from '../../deploy/kubernetes/manifests.ts'
import type { AgentSettings } from '../../deploy/kubernetes/settings.ts'
import type { AgentReport } from '../cluster-provider/agent-reports.ts'
import type { AgentFlags } from './agent-flags.ts'
import { warningOf } from './agent-warning.ts'
import {
  type ClusterAccess,
  declareObjects,
  type KubernetesProvider,
  type ObjectInput,
} from './kubernetes.ts'
import { AgentRollout, ClusterKey, NodeReadiness } from './plugin-resources.ts'

/** What the cluster is like, beside what the stack's configuration says of its agents. */
export type AgentPlace = Pick<AgentSettings, 'routing' | 'clusterCidrs' | 'wire' | 'isNetwork' | 'addresses'>

/** An image, by the name that nodes have it under. */
export interface Image {
  readonly name: Input<string>
  /** Known where it was built here; elsewhere the name says which one is meant. */
  readonly digest?: Input<string>
}

export interface WireproofAgentInputs {
  readonly access: ClusterAccess
  readonly provider: KubernetesProvider
  readonly image: Image
  readonly place: AgentPlace
  readonly flags: AgentFlags
  /** Nodes are looked at first where this is given; what it says is whether one that cannot encrypt keeps agents from all. */
  readonly readiness?: { readonly refuses: boolean }
}

/** An agent on every node, with its key; it is there when every agent has said what it does. */
export class WireproofAgent extends ComponentResource {
  declare readonly agents: Output<readonly AgentReport[]>

  constructor(name: string, inputs: WireproofAgentInputs, options?: ComponentResourceOptions) {
    super('wireproof:index:WireproofAgent', name, {}, options)
    const { access, provider, image, place, flags, readiness } = inputs
    const { encryptL3, strict, suite, keyGeneration, scope } = flags
    const key = new ClusterKey(`${name}-key`, { suite, generation: keyGeneration }, { parent: this })
    const settings = (image: string, imageDigest?: string): AgentSettings => ({
      ...place,
      encryptL3,
      strict,
      image,
      ...(imageDigest !== undefined && { imageDigest }),
    })
    const specOfAgents = all([image.name, image.digest]).apply(
      ([imageName, digest]) => daemonSetIn(agentManifests(settings(imageName, digest))).spec,
    )
    const objects: ObjectInput[] = agentManifests(settings('known later')).map((object) =>
      object.kind === 'DaemonSet' ? { ...withoutWaiting(object), spec: specOfAgents } : object,
    )
    const secretOfKey = keyManifest('known later')
    const stringData = key.key.apply((text) => keyManifest(text).stringData)
    const of: Omit<CustomResourceOptions, 'dependsOn'> = {
      parent: this,
      provider,
      ...(access.ownCluster && { deletedWith: access.ownCluster }),
    }
    const everything = [...objects, { ...secretOfKey, stringData }, ...scope]
    const declared = declareObjects(everything, name, of, (first) => {
      if (!readiness) return []
      const { kubeconfig, identifier: cluster, ownCluster } = access
      const { wire } = place
      const looked = { kubeconfig, cluster, image: image.name, suite, wire, ...readiness }
      return [
        new NodeReadiness(`${name}-readiness`, looked, {
          parent: this,
          dependsOn: first,
          // What agents leave in the kernels of nodes goes with the nodes.
          ...(ownCluster && { deletedWith: ownCluster }),
        }),
      ]
    })
    const rollout = new AgentRollout(
      `${name}-rollout`,
      {
        kubeconfig: access.kubeconfig,
        cluster: access.identifier,
        wanted: key.keyId.apply((keyId) => ({ encryptL3, strict, keyId })),
      },
      { parent: this, dependsOn: declared },
    )
    this.agents = rollout.agents
    rollout.agents.apply((agents) => {
      const warning = warningOf(agents)
      if (warning) log.warn(warning, this)
    })
    this.registerOutputs({ agents: this.agents })
  }
}

/** Of these objects the one that starts pods. */
export function daemonSetIn(objects: readonly ObjectInput[]): ObjectInput {
  return objects.find(({ kind }) => kind === 'DaemonSet')!
}

/** Its agents may guard a kernel without ESP and are then never ready; {@link AgentRollout} waits for what they say. */
function withoutWaiting(object: ObjectInput): ObjectInput {
  return { ...object, metadata: { ...object.metadata, annotations: { 'pulumi.com/skipAwait': 'true' } } }
}
