import { ComponentResource, type ComponentResourceOptions, output, type Resource } from '@pulumi/pulumi'
import { demoManifests } from './demo-manifests.ts'
import {
  type ClusterAccess,
  declareObjects,
  type KubernetesProvider,
  type ObjectInput,
} from './kubernetes.ts'
import { daemonSetIn, type Image } from './wireproof-agent.ts'

export interface DemoWorkloadsInputs {
  readonly access: ClusterAccess
  readonly provider: KubernetesProvider
  readonly image: Image
  /** What has to be there first. */
  readonly after: readonly Resource[]
}

/** A pod on every node that demos can run something in. */
export class DemoWorkloads extends ComponentResource {
  constructor(name: string, inputs: DemoWorkloadsInputs, options?: ComponentResourceOptions) {
    super('wireproof:index:DemoWorkloads', name, {}, options)
    const { access, provider, image, after } = inputs
    const objects = demoManifests('known later').map((object): ObjectInput => {
      if (object.kind !== 'DaemonSet') return object
      const spec = output(image.name).apply((known) => daemonSetIn(demoManifests(known)).spec)
      return { ...object, spec }
    })
    declareObjects(objects, name, {
      parent: this,
      provider,
      dependsOn: after,
      ...(access.ownCluster && { deletedWith: access.ownCluster }),
    })
    this.registerOutputs({})
  }
}
