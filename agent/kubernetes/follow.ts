import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError, type ApiServer } from './api-server.ts'

export interface ApiObject {
  readonly metadata: {
    readonly name: string
    readonly uid?: string
    readonly namespace?: string
    readonly resourceVersion: string
    readonly labels?: Readonly<Record<string, string>>
    readonly deletionTimestamp?: string
  }
}

/** Who is told of the objects of one kind. */
export interface Follower {
  /** All that there are. */
  replace(objects: readonly ApiObject[]): void
  put(object: ApiObject): void
  remove(object: ApiObject): void
  /** Why nothing is heard, or that it is again. */
  heard(problem: ApiError | undefined): void
}

const pageSize = 500
const firstPauseMs = 200
const longestPauseMs = 30_000
const gone = 410

/**
 * Tells a follower of all objects at a path, and of every change, until the signal aborts: a list, then a watch from there on
 * that is taken up again where it ended, and another list where the server has forgotten what came since.
 */
export async function follow(
  server: ApiServer,
  path: string,
  follower: Follower,
  signal: AbortSignal,
): Promise<void> {
  let version: string | undefined
  for (let pause = firstPauseMs; !signal.aborted; ) {
    try {
      if (version === undefined) {
        const list = await listAll(server, path, signal)
        follower.replace(list.items)
        version = list.version
      }
      follower.heard(undefined)
      for await (const { type, object } of server.watch(path, version, signal)) {
        if (type === 'ERROR') throw errorIn(object)
        pause = firstPauseMs
        const changed = object as ApiObject
        version = changed.metadata.resourceVersion
        if (type === 'DELETED') follower.remove(changed)
        else if (type !== 'BOOKMARK') follower.put(changed)
      }
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof ApiError)) throw error
      if (error.status === gone) version = undefined
      else follower.heard(error)
    }
    // Not all agents of a cluster at once, when its API server is back.
    await sleep(pause * (0.5 + Math.random()), undefined, { signal }).catch(() => {})
    pause = Math.min(2 * pause, longestPauseMs)
  }
}

interface Listed {
  readonly items: readonly ApiObject[]
  readonly version: string
}

async function listAll(server: ApiServer, path: string, signal: AbortSignal): Promise<Listed> {
  const items: ApiObject[] = []
  for (let more = ''; ; ) {
    const query = new URLSearchParams({ limit: `${pageSize}`, ...(more && { continue: more }) })
    const page = (await server.get(`${path}?${query}`, signal)) as {
      items?: ApiObject[]
      metadata: { resourceVersion: string; continue?: string }
    }
    items.push(...(page.items ?? []))
    more = page.metadata.continue ?? ''
    if (more === '') return { items, version: page.metadata.resourceVersion }
  }
}

function errorIn(status: unknown): ApiError {
  const { code, message } = status as { code?: number; message?: string }
  return new ApiError(message ?? 'the watch has failed', code)
}
