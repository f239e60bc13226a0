import { CustomResource, type CustomResourceOptions, type Output, ProviderResource } from '@pulumi/pulumi'
import { cloudPluginVersions } from '../../setup/pulumi/cloud-plugin.ts'

// The plugins are all that is used of Pulumi's providers for clouds: their npm packages have thousands of classes, one for each kind
// of resource. That inputs are called what they are called here a test compares with a record of the packages.

export type Cloud = keyof typeof cloudPluginVersions

/** A resource of a cloud, by Pulumi's name of its kind, such as `aws:ec2/vpc:Vpc`. */
export class CloudResource extends CustomResource {
  readonly #outputs: ReadonlySet<string>

  /** @param outputs what is asked of it beside its inputs. */
  constructor(
    type: string,
    name: string,
    inputs: Readonly<Record<string, unknown>>,
    options: CustomResourceOptions,
    outputs: readonly string[] = [],
  ) {
    const unknown = Object.fromEntries(outputs.map((output) => [output, undefined]))
    const version = cloudPluginVersions[type.split(':')[0] as Cloud]
    super(type, name, { ...unknown, ...inputs }, { ...options, version })
    this.#outputs = new Set([...outputs, ...Object.keys(inputs)])
  }

  /** One of its inputs, or of the outputs that it was declared with. */
  output<Value = string>(name: string): Output<Value> {
    if (!this.#outputs.has(name)) throw new RangeError(`${name} was not asked of it`)
    return (this as unknown as Record<string, Output<Value>>)[name]!
  }
}

/** Where a cloud's resources are made; credentials are found as the cloud's own command line finds them. */
export class CloudProvider extends ProviderResource {
  constructor(
    cloud: Cloud,
    name: string,
    inputs: Readonly<Record<string, unknown>>,
    options?: CustomResourceOptions,
  ) {
    super(cloud, name, inputs, { ...options, version: cloudPluginVersions[cloud] })
  }
}
