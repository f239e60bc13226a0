import {
  ComponentResource,
  type ComponentResourceOptions,
  type Input,
  type Output,
  output,
} from '@pulumi/pulumi'
import { type TapView, type Vantage, viewOf } from './vantage.ts'

/** Where the wire is listened to. It adds nothing to the cluster: it tells which device that is, and what it can show. */
export class WireTap extends ComponentResource {
  declare readonly view: Output<TapView>

  constructor(name: string, vantage: Input<Vantage>, options?: ComponentResourceOptions) {
    super('wireproof:index:WireTap', name, {}, options)
    this.view = output(vantage).apply(viewOf)
    this.registerOutputs({ view: this.view })
  }
}
