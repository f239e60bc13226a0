import { CustomResource, type CustomResourceOptions, type Input, type Output } from '@pulumi/pulumi'
import type { LabInputs, LabState } from './lab-state.ts'

/** A lab of nodes, pods and wires. Served by provider/, which drives the `wireproof` command. */
export class Lab extends CustomResource {
  // `declare`: Node strips types only, and a field of its own would hide what the base class sets.
  declare readonly name: Output<string>
  declare readonly kernelInUse: Output<LabState['kernelInUse']>
  declare readonly nodes: Output<LabState['nodes']>
  declare readonly pods: Output<LabState['pods']>

  constructor(
    name: string,
    inputs: { [K in keyof LabInputs]: Input<LabInputs[K]> },
    options?: CustomResourceOptions,
  ) {
    const outputs = { kernelInUse: undefined, nodes: undefined, pods: undefined, seen: undefined }
    super('wireproof-lab:index:Lab', name, { ...outputs, ...inputs }, options)
  }
}
