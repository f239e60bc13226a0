import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { Announcement } from '../cluster/state.ts'
import { ApiError, type ApiServer } from './api-server.ts'
import { apiGroup, apiVersion, plurals } from './names.ts'
import type { WireproofNode, WireproofNodeStatus } from './node-status.ts'

export const wireproofNodesPath = `/apis/${apiGroup}/${apiVersion}/${plurals.wireproofNodes}`

/** What the agent of this node has said, in files; the last that it said is all that counts. */
export interface Said {
  readonly incarnation: string
  readonly announcement: Announcement | undefined
}

const firstPauseMs = 200
const longestPauseMs = 10_000

/**
 * Publishes what one agent says, one thing at a time: its life first, then of which revision that is, then what it announces
 * in that life. What has failed is tried again, and then it is what is said by then that is published.
 */
export class OwnNode {
  readonly #server: ApiServer
  readonly #name: string
  /** Of the Node that owns what is published. */
  readonly uid: string
  readonly #stop = new AbortController()
  readonly #signal: AbortSignal
  readonly #read: () => Said | undefined
  readonly #onLife: (incarnation: string, revision: number) => void
  readonly #onTrouble: (error: ApiError) => void
  #running: Promise<void> | undefined
  #again = false
  #isFound = false
  #ownUid: string | undefined
  #status: WireproofNodeStatus | undefined
  #told: Partial<WireproofNodeStatus> = {}

  /** @param onLife is told what revision the node's life has, whenever it has been published or found to be. */
  constructor(
    server: ApiServer,
    node: { readonly name: string; readonly uid: string },
    parts: {
      readonly read: () => Said | undefined
      readonly onLife: (incarnation: string, revision: number) => void
      readonly onTrouble: (error: ApiError) => void
      readonly signal: AbortSignal
    },
  ) {
    this.#server = server
    this.#name = node.name
    this.uid = node.uid
    this.#read = parts.read
    this.#onLife = parts.onLife
    this.#onTrouble = parts.onTrouble
    this.#signal = AbortSignal.any([parts.signal, this.#stop.signal])
  }

  close(): void {
    this.#stop.abort()
  }

  /** Whether it has been looked for: what is there is known from then on. */
  get isFound(): boolean {
    return this.#isFound
  }

  /** Of the WireproofNode, as it was last seen. */
  get ownUid(): string | undefined {
    return this.#ownUid
  }

  /** As it was last seen or written. */
  get status(): WireproofNodeStatus | undefined {
    return this.#status
  }

  /** What people are to see of the agent goes with whatever is published next. */
  tell(told: Partial<WireproofNodeStatus>): void {
    if (JSON.stringify(told) === JSON.stringify(this.#told)) return
    this.#told = told
    this.publish()
  }

  /** To be called when the agent has said something. */
  publish(): void {
    this.#again = true
    this.#running ??= this.#keepPublishing().finally(() => {
      this.#running = undefined
      // Called just now, when the last round was over.
      if (this.#again && !this.#signal.aborted) this.publish()
    })
  }

  async #keepPublishing(): Promise<void> {
    for (let pause = firstPauseMs; this.#again && !this.#signal.aborted; )
      try {
        this.#again = false
        await this.#publishOnce()
      } catch (error) {
        if (!(error instanceof ApiError)) throw error
        if (this.#signal.aborted) return
        this.#onTrouble(error)
        this.#again = true
        await sleep(pause, undefined, { signal: this.#signal }).catch(() => {})
        pause = Math.min(2 * pause, longestPauseMs)
      }
  }

  async #publishOnce(): Promise<void> {
    let node = await this.#find()
    this.#isFound = true
    this.#ownUid = node.metadata.uid
    this.#status = node.status
    const said = this.#read()
    const incarnation = said?.incarnation ?? node.status?.incarnation
    if (incarnation !== undefined) node = await this.#publishLife(node, incarnation)
    // Of an earlier life it says nothing any more.
    const speaks = said?.announcement?.incarnation === said?.incarnation && said?.announcement !== undefined
    const status = {
      ...node.status,
      ...(speaks && { announcement: said.announcement }),
      ...this.#told,
    }
    if (!isDeepStrictEqual(status, { ...node.status })) node = await this.#write(node, status)
    this.#status = node.status
  }

  /** Where it is not published already, with its revision. */
  async #publishLife(found: WireproofNode, incarnation: string): Promise<WireproofNode> {
    let node = found
    if (node.status?.incarnation !== incarnation) {
      const { announcement: _, lifeRevision: __, ...others } = node.status ?? {}
      // Whoever reads this knows the life's revision by the object's version.
      node = await this.#write(node, { ...others, incarnation })
    }
    if (typeof node.status?.lifeRevision !== 'number')
      node = await this.#write(node, { ...node.status, lifeRevision: Number(node.metadata.resourceVersion) })
    this.#onLife(incarnation, node.status!.lifeRevision!)
    return node
  }

  async #find(): Promise<WireproofNode> {
    try {
      return (await this.#server.get(`${wireproofNodesPath}/${this.#name}`, this.#signal)) as WireproofNode
    } catch (error) {
      if ((error as ApiError).status !== 404) throw error
      const owner = { apiVersion: 'v1', kind: 'Node', name: this.#name, uid: this.uid }
      return (await this.#server.create(
        wireproofNodesPath,
        {
          apiVersion: `${apiGroup}/${apiVersion}`,
          kind: 'WireproofNode',
          metadata: { name: this.#name, ownerReferences: [owner] },
        },
        this.#signal,
      )) as WireproofNode
    }
  }

  /** Refused where somebody else has written meanwhile; then all is looked at again. */
  async #write(node: WireproofNode, status: WireproofNodeStatus): Promise<WireproofNode> {
    const path = `${wireproofNodesPath}/${this.#name}/status`
    return (await this.#server.replace(path, { ...node, status }, this.#signal)) as WireproofNode
  }
}
