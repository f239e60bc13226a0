import type { KernelDescription } from '../lab/kernel.ts'
import type { LabNode, LabPod } from '../lab/lab.ts'
import type { Topology } from '../lab/topology.ts'

/** What the program asks for. */
export interface LabInputs {
  readonly name: string
  readonly topology: Topology
  /** Left out: the first that can do it. */
  readonly kernel?: string
}

/** What `wireproof up --json` prints. */
export interface RunningLab {
  readonly name: string
  readonly kernel: KernelDescription
  readonly nodes: readonly LabNode[]
  readonly pods: readonly LabPod[]
}

/** One row of `wireproof ls --json`. */
export interface LabRow {
  readonly name: string
  readonly kernel: string
  readonly nodes: number
  readonly pods: number
}

/** What the stack's state keeps of a lab: its inputs and what it became. Nothing of the machine it runs on, and no key. */
export interface LabState extends LabInputs {
  /** Such as `uml 7.2.0`. */
  readonly kernelInUse: string
  readonly nodes: readonly LabNode[]
  readonly pods: readonly LabPod[]
  /** How many nodes and pods were seen last; other numbers than the topology's are a drift that `up` repairs. */
  readonly seen: { readonly nodes: number; readonly pods: number }
}
