import { isDeepStrictEqual } from 'node:util'
import type { provider } from '@pulumi/pulumi'
import { Problem } from '../../lab/problem.ts'
import { parseTopology } from '../../lab/topology-file.ts'
import { mistakeInKernel, mistakeInName } from '../lab-inputs.ts'
import type { LabInputs, LabState, RunningLab } from '../lab-state.ts'
import type { Log } from './progress.ts'
import type { Watching, Wireproof } from './wireproof.ts'

/** Stands for a value that is known only after `up`. */
const unknownValue = '04da6b54-80e4-46f7-96ec-b56ff0331ba9'

/** The life of a `wireproof-lab:index:Lab`, each step one command of the command line. */
export class LabProvider implements provider.Provider {
  readonly version = '0.1.0'
  readonly #wireproof: Wireproof
  readonly #log: Log
  readonly #cancelled = new AbortController()

  constructor(wireproof: Wireproof, log: Log) {
    this.#wireproof = wireproof
    this.#log = log
  }

  async check(_urn: string, _olds: LabInputs, news: LabInputs): Promise<provider.CheckResult> {
    const failures: provider.CheckFailure[] = []
    const fail = (property: string, reason: string | undefined) => {
      if (reason) failures.push({ property, reason })
    }
    if (news.name !== unknownValue) fail('name', mistakeInName(news.name))
    if (news.kernel && news.kernel !== unknownValue) fail('kernel', mistakeInKernel(news.kernel))
    fail('topology', mistakeInTopology(news.topology))
    return { inputs: news, failures }
  }

  async diff(_id: string, _urn: string, olds: LabState, news: LabInputs): Promise<provider.DiffResult> {
    // Another name is another lab, and a lab cannot move from one kernel to another.
    const replaces = (['name', 'kernel'] as const).filter((property) => olds[property] !== news[property])
    const wanted = sizeOf(news)
    const drifted = olds.seen.nodes !== wanted.nodes || olds.seen.pods !== wanted.pods
    const changes = replaces.length > 0 || drifted || !isDeepStrictEqual(olds.topology, news.topology)
    return { changes, replaces, deleteBeforeReplace: true }
  }

  async create(urn: string, inputs: LabInputs): Promise<provider.CreateResult> {
    try {
      return { id: inputs.name, outs: stateOf(inputs, await this.#wireproof.up(inputs, this.#watching(urn))) }
    } catch (error) {
      throw await this.#keptIfItRuns(error as Error, inputs)
    }
  }

  async update(_id: string, urn: string, _olds: LabState, news: LabInputs): Promise<provider.UpdateResult> {
    return { outs: stateOf(news, await this.#wireproof.up(news, this.#watching(urn))) }
  }

  async read(id: string, _urn: string, state: LabState): Promise<provider.ReadResult> {
    const row = (await this.#wireproof.ls()).find(({ name }) => name === id)
    // An empty id tells the engine that the resource is no more.
    if (!row) return { id: '', props: {} }
    return { id, props: { ...state, seen: { nodes: row.nodes, pods: row.pods } } }
  }

  async delete(id: string, urn: string): Promise<void> {
    await this.#wireproof.down(id, this.#watching(urn))
  }

  /** Called, sometimes twice, when the user presses Ctrl-C. */
  async cancel(): Promise<void> {
    this.#cancelled.abort()
  }

  #watching(urn: string): Watching {
    return { onLine: (line) => this.#log(urn, line), signal: this.#cancelled.signal }
  }

  /** A lab that failed half-way but runs stays in the state, so that the next `up` repairs it and `destroy` removes it. */
  async #keptIfItRuns(error: Error, inputs: LabInputs): Promise<Error> {
    const row = (await this.#wireproof.ls()).find(({ name }) => name === inputs.name)
    if (!row) return error
    const seen = { nodes: row.nodes, pods: row.pods }
    const properties: LabState = { ...inputs, kernelInUse: row.kernel, nodes: [], pods: [], seen }
    return Object.assign(error, { id: inputs.name, properties, reasons: [error.message] })
  }
}

function stateOf(inputs: LabInputs, lab: RunningLab): LabState {
  const { kernel, nodes, pods } = lab
  const seen = { nodes: nodes.length, pods: pods.length }
  return { ...inputs, kernelInUse: `${kernel.kind} ${kernel.release}`, nodes, pods, seen }
}

function sizeOf({ topology }: LabInputs): LabState['seen'] {
  return { nodes: topology.nodes.length, pods: topology.pods?.length ?? 0 }
}

function mistakeInTopology(topology: unknown): string | undefined {
  if (topology === unknownValue) return undefined
  try {
    parseTopology(JSON.stringify(topology ?? {}), 'topology')
    return undefined
  } catch (error) {
    if (error instanceof Problem) return [error.message, error.remedy].filter(Boolean).join('\n')
    throw error
  }
}
