import { CustomResource, type CustomResourceOptions, type Input, type Output } from '@pulumi/pulumi'
import type { AgentRolloutInputs, AgentRolloutState } from '../cluster-provider/agent-rollout.ts'
import type { ClusterKeyInputs, ClusterKeyState } from '../cluster-provider/cluster-key.ts'
import type { ExpiryInputs, ExpiryState } from '../cluster-provider/expiry.ts'
import type { KindClusterInputs, KindClusterState } from '../cluster-provider/kind-cluster.ts'
import type { LoadedImageInputs, LoadedImageState } from '../cluster-provider/loaded-image.ts'
import type { NodeReadinessInputs, NodeReadinessState } from '../cluster-provider/node-readiness.ts'

/** Resources that the plugin in cluster-provider/ serves. */

type Inputs<T> = { [K in keyof T]: Input<T[K]> }
const type = (name: string) => `wireproof-cluster:index:${name}`

// `declare`: Node strips types only, and a field of its own would hide what the base class sets.

export class KindCluster extends CustomResource {
  declare readonly name: Output<string>
  declare readonly incarnation: Output<string>
  declare readonly kubeconfig: Output<string>
  declare readonly nodes: Output<KindClusterState['nodes']>
  declare readonly bridge: Output<string | undefined>

  constructor(name: string, inputs: Inputs<KindClusterInputs>, options?: CustomResourceOptions) {
    const outputs = { incarnation: undefined, kubeconfig: undefined, nodes: undefined, bridge: undefined }
    super(type('KindCluster'), name, { ...outputs, ...inputs }, secretly(['kubeconfig'], options))
  }
}

export class LoadedImage extends CustomResource {
  declare readonly name: Output<string>
  declare readonly digest: Output<LoadedImageState['digest']>

  constructor(name: string, inputs: Inputs<LoadedImageInputs>, options?: CustomResourceOptions) {
    super(type('LoadedImage'), name, { name: undefined, digest: undefined, ...inputs }, options)
  }
}

export class ClusterKey extends CustomResource {
  declare readonly key: Output<ClusterKeyState['key']>
  declare readonly keyId: Output<number>

  constructor(name: string, inputs: Inputs<ClusterKeyInputs>, options?: CustomResourceOptions) {
    super(
      type('ClusterKey'),
      name,
      { key: undefined, keyId: undefined, ...inputs },
      secretly(['key'], options),
    )
  }
}

export class AgentRollout extends CustomResource {
  declare readonly agents: Output<AgentRolloutState['agents']>

  constructor(name: string, inputs: Inputs<AgentRolloutInputs>, options?: CustomResourceOptions) {
    super(type('AgentRollout'), name, { agents: undefined, ...inputs }, secretly(['kubeconfig'], options))
  }
}

export class NodeReadiness extends CustomResource {
  declare readonly nodes: Output<NodeReadinessState['nodes']>

  constructor(name: string, inputs: Inputs<NodeReadinessInputs>, options?: CustomResourceOptions) {
    super(type('NodeReadiness'), name, { nodes: undefined, ...inputs }, secretly(['kubeconfig'], options))
  }
}

export class Expiry extends CustomResource {
  declare readonly at: Output<ExpiryState['at']>

  constructor(name: string, inputs: Inputs<ExpiryInputs>, options?: CustomResourceOptions) {
    super(type('Expiry'), name, { at: undefined, ...inputs }, options)
  }
}

/** The plugin marks them as well; this holds where it has not answered yet, as in a preview. */
function secretly(additionalSecretOutputs: string[], options?: CustomResourceOptions): CustomResourceOptions {
  return { ...options, additionalSecretOutputs }
}
