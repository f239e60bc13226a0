import { type FSWatcher, mkdirSync, rmSync, watch } from 'node:fs'
import { join } from 'node:path'
import { mirrorFile } from '../cluster/files.ts'
import { fileOfObject } from '../cluster/object-directory.ts'
import { Malformed, parseAnnouncement, parseLife } from '../cluster/parse.ts'
import type { ClusterNode } from '../cluster/state.ts'
import { replaceFile, writeJson } from '../cluster/whole-file.ts'
import type { Log } from '../log.ts'
import { ApiError, type ApiServer } from './api-server.ts'
import { DirectoryMirror, textOf } from './directory-mirror.ts'
import { type ApiObject, type Follower, follow } from './follow.ts'
import { apiGroup, apiVersion, plurals, settingsConfigMap, settingsFile, systemNamespace } from './names.ts'
import { announcementOf, lifeOf, type WireproofNode } from './node-status.ts'
import { OwnNode, type Said, wireproofNodesPath } from './own-node.ts'
import { PodClaims } from './pod-claims.ts'
import {
  documentOf,
  nameInNamespace,
  namespaceOf,
  nodeOf,
  nodeWithoutRange,
  podOf,
  serviceOf,
} from './translate.ts'

const policyVersion = 'networking.k8s.io/v1'
const encryptionVersion = `${apiGroup}/${apiVersion}`
const settingsPath = `/api/v1/namespaces/${systemNamespace}/configmaps`

/** How one kind of object comes to be in files. */
interface Kind {
  readonly path: string
  readonly directory: string
  readonly extension?: '.json' | '.yaml'
  readonly nameOf: (object: ApiObject) => string
  /** Undefined for what an agent need not know. */
  readonly read: (object: ApiObject) => unknown
}

/** By what an address is known for a node's: by the range of the node's pods, or by the pod that has it. */
export type AddressesBy = (typeof addressesBy)[number]
export const addressesBy = ['ranges', 'pods'] as const

const byName = ({ metadata }: ApiObject) => metadata.name

const kinds: readonly Kind[] = [
  { path: '/api/v1/nodes', directory: 'nodes', nameOf: byName, read: nodeOf },
  { path: '/api/v1/pods', directory: 'pods', nameOf: nameInNamespace, read: podOf },
  { path: '/api/v1/namespaces', directory: 'namespaces', nameOf: byName, read: namespaceOf },
  { path: '/api/v1/services', directory: 'services', nameOf: nameInNamespace, read: serviceOf },
  {
    path: `/apis/${policyVersion}/networkpolicies`,
    directory: 'policies',
    extension: '.yaml',
    nameOf: nameInNamespace,
    read: (object) => documentOf(object, policyVersion, 'NetworkPolicy'),
  },
  {
    path: `/apis/${encryptionVersion}/${plurals.encryptionPolicies}`,
    directory: 'encryption',
    extension: '.yaml',
    nameOf: byName,
    read: (object) => documentOf(object, encryptionVersion, 'EncryptionPolicy'),
  },
]

/**
 * Keeps the cluster store of one agent, a directory, what the API server says, and tells the API server what the agent says
 * there. So the agent needs no credentials, and after a restart it knows the cluster also while the API server is away.
 */
export class Mirror {
  readonly #server: ApiServer
  readonly #node: string
  readonly #directory: string
  readonly #log: Log
  readonly #lives: DirectoryMirror
  readonly #announcements: DirectoryMirror
  /** Of the youngest life there has been. */
  #revision = 0
  readonly #missing = new Set<string>()
  readonly #claims: PodClaims | undefined
  readonly #nodes: DirectoryMirror
  readonly #silent = new Map<string, string>()
  readonly #whole = Promise.withResolvers<void>()
  readonly #failed = Promise.withResolvers<never>()
  readonly #stop = new AbortController()
  #own: OwnNode | undefined
  #podCidrs: readonly string[] = []
  #watchers: FSWatcher[] = []

  constructor(
    server: ApiServer,
    node: string,
    directory: string,
    log: Log,
    { addresses = 'ranges' }: { readonly addresses?: AddressesBy } = {},
  ) {
    this.#server = server
    this.#node = node
    this.#directory = directory
    this.#log = log
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    this.#claims = addresses === 'pods' ? new PodClaims() : undefined
    this.#nodes = new DirectoryMirror(join(directory, 'nodes'))
    this.#lives = new DirectoryMirror(join(directory, 'incarnations'), { except: node })
    this.#announcements = new DirectoryMirror(join(directory, 'acks'), { except: node })
  }

  /** Resolves when every kind of object has been listed once and written. */
  async start(): Promise<void> {
    await this.#forgetOtherCluster()
    this.#tellProblems()
    const followers = [
      ...kinds.map((kind) => [kind.path, this.#followerOf(kind)] as const),
      [settingsPath, this.#followSettings()] as const,
      [wireproofNodesPath, this.#followLives()] as const,
    ]
    for (const [path] of followers) this.#missing.add(path)
    for (const [path, follower] of followers)
      follow(this.#server, path, this.#observed(path, follower), this.#stop.signal).catch(this.#failed.reject)
    await Promise.race([this.#whole.promise, this.#failed.promise])
  }

  /** Rejects when what was heard cannot be kept: from then on the directory would be of the past, and nobody would know. */
  get failure(): Promise<never> {
    return this.#failed.promise
  }

  /** Why parts of what is mirrored may be old, a sentence each. */
  get problems(): readonly string[] {
    return [...this.#silent.values()]
  }

  /** Of this node's pods; none before the node has been read. */
  get podCidrs(): readonly string[] {
    return this.#podCidrs
  }

  get own(): OwnNode | undefined {
    return this.#own
  }

  close(): void {
    this.#stop.abort()
    this.#endOwn()
  }

  /** What is there may be of a cluster that this node was in before: its revisions are none of this one's. */
  async #forgetOtherCluster(): Promise<void> {
    const path = join(this.#directory, 'cluster')
    const known = textOf(path)
    const found = await this.#identity().catch((error: unknown) => {
      if (!(error instanceof ApiError) || known === undefined) throw error
      this.#log('warn', 'not-heard', { message: error.message })
      return known
    })
    if (found === known) return
    const others = kinds.map(({ directory }) => new DirectoryMirror(join(this.#directory, directory)))
    for (const files of [...others, this.#lives, this.#announcements]) files.keepOnly(new Set())
    rmSync(join(this.#directory, 'revision'), { force: true })
    replaceFile(path, found)
  }

  /** Of the cluster: that of the namespace that none is without. */
  async #identity(): Promise<string> {
    const namespace = await this.#server.get('/api/v1/namespaces/kube-system', this.#stop.signal)
    return (namespace as { metadata: { uid: string } }).metadata.uid
  }

  #observed(path: string, follower: Omit<Follower, 'heard'>): Follower {
    return {
      ...follower,
      replace: (objects) => {
        follower.replace(objects)
        this.#missing.delete(path)
        if (this.#missing.size === 0) this.#whole.resolve()
      },
      heard: (problem) => this.#heard(path, problem),
    }
  }

  #heard(path: string, problem: ApiError | undefined): void {
    const said = problem && `${this.#server.address}${path} has not been heard: ${problem.message}`
    if ((said === undefined) === !this.#silent.has(path)) return
    if (said === undefined) this.#silent.delete(path)
    else this.#silent.set(path, `${said}, since ${new Date().toISOString()}`)
    this.#tellProblems()
    this.#log(said === undefined ? 'info' : 'warn', said === undefined ? 'heard' : 'not-heard', {
      path,
      ...(problem && { message: problem.message }),
    })
  }

  /** The agent says them on. */
  #tellProblems(): void {
    writeJson(join(this.#directory, mirrorFile), { problems: this.problems })
  }

  #followerOf(kind: Kind): Omit<Follower, 'heard'> {
    if (kind.directory === 'pods') return this.#followPods(kind)
    if (kind.directory === 'nodes') return this.#followNodes(kind)
    return this.#followKind(kind)
  }

  #followKind({ directory, extension, nameOf, read }: Kind): Omit<Follower, 'heard'> {
    const files = new DirectoryMirror(join(this.#directory, directory), extension ? { extension } : {})
    const put = (object: ApiObject): boolean => {
      const value = read(object)
      if (value === undefined) files.remove(nameOf(object))
      else files.put(nameOf(object), value)
      return value !== undefined
    }
    return {
      replace: (objects) => files.keepOnly(new Set(objects.filter(put).map(nameOf))),
      put,
      remove: (object) => files.remove(nameOf(object)),
    }
  }

  /** What their pods have, nodes have where they have no ranges: a pod is written before the node that it changes. */
  #followPods(kind: Kind): Omit<Follower, 'heard'> {
    const files = this.#followKind(kind)
    const claims = this.#claims
    if (!claims) return files
    return {
      replace: (objects) => {
        files.replace(objects)
        this.#writeNodes(claims.setPods(objects.flatMap((object) => podOf(object) ?? [])))
      },
      put: (object) => {
        files.put(object)
        const pod = podOf(object)
        this.#writeNodes(pod ? claims.putPod(pod) : claims.removePod(nameInNamespace(object)))
      },
      remove: (object) => {
        files.remove(object)
        this.#writeNodes(claims.removePod(nameInNamespace(object)))
      },
    }
  }

  #followNodes(kind: Kind): Omit<Follower, 'heard'> {
    const files = this.#claims ? this.#followClaimants(this.#claims) : this.#followKind(kind)
    const isOwn = ({ metadata }: ApiObject) => metadata.name === this.#node
    const begin = (object: ApiObject) => {
      if (!isOwn(object)) return
      this.#podCidrs = nodeOf(object)?.podCidrs ?? []
      this.#begin(object)
    }
    return {
      replace: (objects) => {
        files.replace(objects)
        objects.forEach(begin)
      },
      put: (object) => {
        files.put(object)
        begin(object)
      },
      remove: (object) => {
        files.remove(object)
        if (isOwn(object)) this.#endOwn()
      },
    }
  }

  #followClaimants(claims: PodClaims): Omit<Follower, 'heard'> {
    const remove = ({ metadata: { name } }: ApiObject) => {
      claims.removeNode(name)
      this.#nodes.remove(name)
    }
    const put = (object: ApiObject) => {
      const node = nodeWithoutRange(object)
      if (node) this.#writeNodes(claims.putNode(node))
      else remove(object)
    }
    return {
      replace: (objects) => {
        const present = new Set(objects.map(byName))
        for (const name of claims.nodes()) if (!present.has(name)) claims.removeNode(name)
        this.#nodes.keepOnly(present)
        objects.forEach(put)
      },
      put,
      remove,
    }
  }

  #writeNodes(nodes: readonly ClusterNode[]): void {
    for (const node of nodes) this.#nodes.put(node.name, node)
  }

  #followSettings(): Omit<Follower, 'heard'> {
    const path = join(this.#directory, settingsFile)
    const put = ({ metadata, ...object }: ApiObject) => {
      const text = (object as { data?: Record<string, string> }).data?.[settingsFile]
      if (metadata.name !== settingsConfigMap || text === undefined || text === textOf(path)) return
      replaceFile(path, text)
    }
    // Without settings what was said before counts.
    return { replace: (objects) => objects.forEach(put), put, remove: () => {} }
  }

  #followLives(): Omit<Follower, 'heard'> {
    const put = (objects: readonly WireproofNode[]) => {
      for (const object of objects) this.#putLife(object)
      // Whoever reads it finds all lives that it speaks of.
      this.#writeRevision()
      for (const object of objects) this.#putAnnouncement(object)
    }
    return {
      replace: (objects) => {
        put(objects)
        const present = new Set(objects.map(byName))
        for (const files of [this.#lives, this.#announcements]) files.keepOnly(present)
        if (!present.has(this.#node)) this.#own?.publish()
      },
      put: (object) => put([object]),
      remove: (object) => {
        const { name } = object.metadata
        this.#announcements.remove(name)
        this.#lives.remove(name)
        // Somebody has deleted what the others know of this node: it is made anew.
        if (name === this.#node) this.#own?.publish()
      },
    }
  }

  #putLife(object: WireproofNode): void {
    const life = lifeOf(object)
    if (life === undefined) this.#lives.remove(object.metadata.name)
    else {
      this.#lives.put(object.metadata.name, life)
      this.#revision = Math.max(this.#revision, life.revision)
    }
  }

  #putAnnouncement(object: WireproofNode): void {
    const announcement = announcementOf(object)
    if (announcement === undefined) this.#announcements.remove(object.metadata.name)
    else this.#announcements.put(object.metadata.name, announcement)
  }

  /** Lives come in their order: where the youngest has been written, all have. */
  #writeRevision(): void {
    const path = join(this.#directory, 'revision')
    const before = Number(textOf(path) ?? 0)
    if (this.#revision > before) replaceFile(path, `${this.#revision}\n`)
  }

  /** This node is there: what its agent says can be published. */
  #begin({ metadata }: ApiObject & { metadata: { uid?: string } }): void {
    const uid = metadata.uid ?? ''
    // One that was registered anew owns nothing that its predecessor did.
    if (this.#own?.uid === uid) return
    this.#endOwn()
    const own = new OwnNode(
      this.#server,
      { name: this.#node, uid },
      {
        read: () => this.#said(),
        onLife: (incarnation, revision) => this.#confirm(incarnation, revision),
        onTrouble: ({ message }) => this.#log('warn', 'not-published', { message }),
        signal: this.#stop.signal,
      },
    )
    this.#own = own
    this.#watchers = ['incarnations', 'acks'].map((directory) =>
      watch(join(this.#directory, directory), (_, file) => {
        if (file === null || file === fileOfObject(this.#node)) own.publish()
      }),
    )
    own.publish()
  }

  /** Of a node that is not there nothing is said. */
  #endOwn(): void {
    this.#own?.close()
    this.#own = undefined
    for (const watcher of this.#watchers.splice(0)) watcher.close()
  }

  #said(): Said | undefined {
    const life = understood(this.#ownFile('incarnations'), parseLife)
    if (life === undefined) return undefined
    return {
      incarnation: life.incarnation,
      announcement: understood(this.#ownFile('acks'), parseAnnouncement),
    }
  }

  /** What this node's agent writes. */
  #ownFile(directory: 'incarnations' | 'acks'): string {
    return join(this.#directory, directory, fileOfObject(this.#node))
  }

  /** The agent learns what revision its life has come to have. */
  #confirm(incarnation: string, revision: number): void {
    const path = this.#ownFile('incarnations')
    const life = understood(path, parseLife)
    if (life?.incarnation !== incarnation || life.revision === revision) return
    writeJson(path, { incarnation, revision })
  }
}

/** Undefined where there is no such file, or one that makes no sense. */
function understood<Value>(path: string, parse: (value: unknown) => Value): Value | undefined {
  const text = textOf(path)
  if (text === undefined) return undefined
  try {
    return parse(JSON.parse(text))
  } catch (error) {
    if (error instanceof Malformed || error instanceof SyntaxError) return undefined
    throw error
  }
}
