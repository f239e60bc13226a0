import {
  CustomResource,
  type CustomResourceOptions,
  type Input,
  ProviderResource,
  type Resource,
  secret,
} from '@pulumi/pulumi'
import type { KubernetesObject } from '../../deploy/kubernetes/object.ts'
import { kubernetesPluginVersion } from '../../setup/pulumi/kubernetes-plugin.ts'

/** How a cluster is reached, and what its objects go away with. */
export interface ClusterAccess {
  /** As YAML. */
  readonly kubeconfig: Input<string>
  /** Differs for every cluster there ever was: objects of another one are other objects. */
  readonly identifier: Input<string>
  /**
   * Where the cluster is the stack's own. Its objects are then not deleted one by one, and may be forgotten when it cannot be
   * reached: nothing is left of a cluster that is gone.
   */
  readonly ownCluster?: Resource
}

// The plugin is all that is used of Pulumi's provider for Kubernetes: its npm package has 12,000 files of classes, one for
// each kind of object, and objects here come whole from deploy/kubernetes.

/** Objects of one cluster. */
export class KubernetesProvider extends ProviderResource {
  constructor(
    name: string,
    { kubeconfig, identifier, ownCluster }: ClusterAccess,
    options?: CustomResourceOptions,
  ) {
    super(
      'kubernetes',
      name,
      {
        kubeconfig: secret(kubeconfig),
        clusterIdentifier: identifier,
        // Otherwise every change of settings, and of the key, would replace the object: agents would see it missing.
        enableConfigMapMutable: 'true',
        enableSecretMutable: 'true',
        deleteUnreachable: `${ownCluster !== undefined}`,
      },
      { ...options, version: kubernetesPluginVersion },
    )
  }
}

/** One object, as a manifest has it. */
export class KubernetesObjectResource extends CustomResource {
  /** What identifies it and its kind must be known; the rest may be so only later. */
  constructor(name: string, object: ObjectInput, options: CustomResourceOptions) {
    const { apiVersion, kind } = object
    const group = apiVersion.includes('/') ? apiVersion : `core/${apiVersion}`
    super(
      `kubernetes:${group}:${kind}`,
      name,
      { ...object },
      { ...options, version: kubernetesPluginVersion },
    )
  }
}

export type ObjectInput = Pick<KubernetesObject, 'apiVersion' | 'kind' | 'metadata'> & {
  readonly [field: string]: unknown
}

/** Such as `daemonset-wireproof-agent`: what an object is called among a stack's resources. */
export function resourceName({ kind, metadata }: ObjectInput): string {
  return `${kind.toLowerCase()}-${metadata.name}`
}

/**
 * Declares objects; namespaces and definitions come before what needs them.
 *
 * @param between declares what needs those itself, and must be there before the rest.
 */
export function declareObjects(
  objects: readonly ObjectInput[],
  prefix: string,
  {
    dependsOn = [],
    ...options
  }: Omit<CustomResourceOptions, 'dependsOn'> & {
    readonly dependsOn?: readonly Resource[]
  },
  between: (first: Resource[]) => readonly Resource[] = () => [],
): KubernetesObjectResource[] {
  const declare = (chosen: readonly ObjectInput[], after: readonly Resource[]) =>
    chosen.map((object) => {
      const name = `${prefix}-${resourceName(object)}`
      return new KubernetesObjectResource(name, object, { ...options, dependsOn: [...after] })
    })
  const first = declare(objects.filter(isNeeded), dependsOn)
  return [
    ...first,
    ...declare(
      objects.filter((object) => !isNeeded(object)),
      [...dependsOn, ...first, ...between(first)],
    ),
  ]
}

function isNeeded({ kind }: ObjectInput): boolean {
  return kind === 'Namespace' || kind === 'CustomResourceDefinition'
}
