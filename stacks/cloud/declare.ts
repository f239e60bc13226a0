import type { Input, Resource } from '@pulumi/pulumi'
import { type CloudProvider, CloudResource } from './cloud-resource.ts'

/** By name, on what can carry them. */
export type Tags = Readonly<Record<string, Input<string>>>

/** Declares one resource of a cluster. @param outputs what is asked of it beside its inputs. */
export type Declare = (
  type: string,
  name: string,
  inputs: Readonly<Record<string, unknown>>,
  outputs?: readonly string[],
  after?: readonly Resource[],
) => CloudResource

/** For the children of a component, by their names within it. */
export function declareIn(parent: Resource, name: string, provider: CloudProvider): Declare {
  return (type, suffix, inputs, outputs = [], after = []) =>
    new CloudResource(type, `${name}-${suffix}`, inputs, { parent, provider, dependsOn: [...after] }, outputs)
}
