import { Config, RunError } from '@pulumi/pulumi'
import { Problem } from '../lab/problem.ts'
import { type ClusterChoice, readClusterChoice } from './cluster-choice.ts'
import { type Get, readAll } from './configuration.ts'

export type Outputs = Record<string, unknown>

/** A program declares its resources from the configuration, and returns the stack's outputs. */
type Program = (get: Get) => Promise<Outputs> | Outputs

// Each is loaded only when it is chosen: those of clouds need SDKs that are not installed otherwise.
const programs: Readonly<Record<ClusterChoice, () => Promise<{ program: Program }>>> = {
  embedded: () => import('./embedded/index.ts'),
  kind: () => import('./kind/index.ts'),
  eks: () => import('./eks/index.ts'),
  gke: () => import('./gke/index.ts'),
  existing: () => import('./existing/index.ts'),
}

/** Runs the program that `wireproof:cluster` names. */
export async function program(): Promise<Outputs> {
  const config = new Config()
  const get: Get = (key) => config.get(key)
  try {
    const choice = readAll((mistakes) => readClusterChoice(get, mistakes))
    return await (await programs[choice]()).program(get)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    // A RunError is shown as its message alone, without a stack.
    throw new RunError([error.message, error.remedy].filter(Boolean).join('\n'))
  }
}
