import { ComponentResource, type ComponentResourceOptions, type Output } from '@pulumi/pulumi'
import { Lab } from '../lab.ts'
import type { LabState } from '../lab-state.ts'
import type { Settings } from './settings.ts'

/** A lab on this machine, with what a person needs to go on with it. */
export class EmbeddedLab extends ComponentResource {
  declare readonly lab: Output<string>
  declare readonly kernel: Output<string>
  declare readonly nodes: Output<Record<string, string>>
  declare readonly pods: Output<Record<string, string>>
  declare readonly next: Output<readonly string[]>

  constructor(name: string, settings: Settings, options?: ComponentResourceOptions) {
    super('wireproof:index:EmbeddedLab', name, {}, options)
    const lab = new Lab(settings.name, settings, { parent: this })
    this.lab = lab.name
    this.kernel = lab.kernelInUse
    this.nodes = lab.nodes.apply(addressesOfNodes)
    this.pods = lab.pods.apply(addressesOfPods)
    this.next = lab.pods.apply((pods) => commands(settings.name, pods))
    this.registerOutputs({
      lab: this.lab,
      kernel: this.kernel,
      nodes: this.nodes,
      pods: this.pods,
      next: this.next,
    })
  }
}

function addressesOfNodes(nodes: LabState['nodes']): Record<string, string> {
  return Object.fromEntries(nodes.map(({ name, underlay }) => [name, underlay]))
}

function addressesOfPods(pods: LabState['pods']): Record<string, string> {
  return Object.fromEntries(pods.map(({ name, addresses }) => [name, addresses.join(' ')]))
}

function commands(lab: string, pods: LabState['pods']): string[] {
  const [from] = pods
  const to = pods.find((pod) => pod.node !== from?.node)
  return [
    'npx wireproof ls',
    ...(from && to ? [`npx wireproof exec --lab ${lab} ${from.name} -- ping -c 3 ${to.name}`] : []),
    `npx wireproof capture --lab ${lab} wire`,
    `npx wireproof demo --lab ${lab}`,
  ]
}
