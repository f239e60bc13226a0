import type { provider } from '@pulumi/pulumi'
import type { Problem } from '../../lab/problem.ts'
import type { Log } from '../provider/progress.ts'
import type { ResourceKind, Watching } from './resource-kind.ts'
import { closed, opened } from './secrets.ts'

// biome-ignore lint/suspicious/noExplicitAny: each kind knows its own inputs and states, and only it gets them.
type AnyKind = ResourceKind<any, any>

/** Serves all kinds of resources of a cluster. Which one is meant, a resource's URN tells. */
export class ClusterProvider implements provider.Provider {
  readonly version = '0.1.0'
  readonly #kinds: Readonly<Record<string, AnyKind>>
  readonly #log: Log
  readonly #cancelled = new AbortController()

  constructor(kinds: Readonly<Record<string, AnyKind>>, log: Log) {
    this.#kinds = kinds
    this.#log = log
  }

  async check(urn: string, _olds: unknown, news: unknown): Promise<provider.CheckResult> {
    const mistakes = this.#kind(urn).mistakes?.(opened(news)) ?? []
    return { inputs: news, failures: mistakes.map(({ property, reason }) => ({ property, reason })) }
  }

  async diff(_id: string, urn: string, olds: unknown, news: unknown): Promise<provider.DiffResult> {
    const { changed, replaces } = this.#kind(urn).diff(opened(olds), opened(news))
    return { changes: changed.length > 0, replaces: [...replaces], deleteBeforeReplace: true }
  }

  async create(urn: string, inputs: unknown): Promise<provider.CreateResult> {
    const kind = this.#kind(urn)
    const { id, state } = await told(() => kind.create(opened(inputs), this.#watching(urn)))
    return { id, outs: closed(state, kind.secrets) }
  }

  async update(_id: string, urn: string, olds: unknown, news: unknown): Promise<provider.UpdateResult> {
    const kind = this.#kind(urn)
    const { update } = kind
    if (!update) throw new Error(`${urn} cannot be changed in place`)
    const state = await told(() => update.call(kind, opened(olds), opened(news), this.#watching(urn)))
    return { outs: closed(state, kind.secrets) }
  }

  async read(id: string, urn: string, state: unknown): Promise<provider.ReadResult> {
    const kind = this.#kind(urn)
    if (!kind.read) return { id, props: state }
    const found = await told(() => kind.read!(opened(state)))
    // An empty id tells the engine that the resource is no more.
    return found ? { id, props: closed(found, kind.secrets) } : { id: '', props: {} }
  }

  async delete(_id: string, urn: string, state: unknown): Promise<void> {
    const kind = this.#kind(urn)
    await told(async () => kind.delete?.(opened(state), this.#watching(urn)))
  }

  /** Called, sometimes twice, when the user presses Ctrl-C. */
  async cancel(): Promise<void> {
    this.#cancelled.abort(new Error('interrupted'))
  }

  #kind(urn: string): AnyKind {
    const type = urn.split('::')[2]?.split('$').at(-1)
    const kind = this.#kinds[type?.split(':').at(-1) ?? '']
    if (!kind) throw new Error(`there is no resource of type ${type}`)
    return kind
  }

  #watching(urn: string): Watching {
    return {
      report: (line) => this.#log(urn, line),
      warn: (line) => this.#log(urn, line, true),
      signal: this.#cancelled.signal,
    }
  }
}

/** What goes wrong is said with what to do about it. */
async function told<Result>(action: () => Promise<Result>): Promise<Result> {
  try {
    return await action()
  } catch (error) {
    const { message, remedy } = error as Problem
    throw remedy ? new Error(`${message}\n${remedy}`) : error
  }
}
