import { type ClientRequest, type IncomingMessage, request as requestInClear } from 'node:http'
import { type RequestOptions, request as requestOverTls } from 'node:https'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import type { KubeConfig } from '@kubernetes/client-node'

/** What the API server answers in place of what was asked for, or why it does not answer. */
export class ApiError extends Error {
  /** Of HTTP; undefined where nothing came. */
  readonly status: number | undefined

  constructor(message: string, status?: number) {
    super(message)
    this.name = 'ApiError'
    this.status = status
  }
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: unknown
}

/** Without a word from the server, which sends bookmarks about once a minute. */
const silenceMs = 150_000
const answerMs = 30_000

/**
 * The API server of a cluster, asked for objects as they are on the wire: the generated clients rename fields, and what reads
 * policies knows them by their own names. Every method throws ApiError.
 */
export class ApiServer {
  readonly #config: KubeConfig

  constructor(config: KubeConfig) {
    this.#config = config
  }

  get address(): string {
    return this.#config.getCurrentCluster()?.server ?? 'no cluster'
  }

  async get(path: string, signal?: AbortSignal): Promise<unknown> {
    return this.#answer('GET', path, undefined, signal)
  }

  async create(path: string, object: unknown, signal?: AbortSignal): Promise<unknown> {
    return this.#answer('POST', path, object, signal)
  }

  /** Refused with 409 where the object has another resource version by now. */
  async replace(path: string, object: unknown, signal?: AbortSignal): Promise<unknown> {
    return this.#answer('PUT', path, object, signal)
  }

  /** Makes the object what it is said to be, whether it is there or not (server-side apply). @param manager who says it. */
  async apply(path: string, object: unknown, manager: string, signal?: AbortSignal): Promise<unknown> {
    const query = `fieldManager=${manager}&force=true`
    return this.#answer('PATCH', `${path}?${query}`, object, signal)
  }

  /** @param path of one object, or of all of a kind. */
  async remove(path: string, options: unknown = {}, signal?: AbortSignal): Promise<unknown> {
    return this.#answer('DELETE', path, options, signal)
  }

  /** What changes from a resource version on, until the server ends it. */
  async *watch(path: string, from: string, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const query = `watch=true&allowWatchBookmarks=true&resourceVersion=${from}`
    const response = await this.#exchange('GET', `${path}?${query}`, undefined, signal, silenceMs)
    if (response.statusCode !== 200) throw await refusal(response)
    try {
      for await (const line of createInterface({ input: response })) yield JSON.parse(line) as WatchEvent
    } catch (error) {
      throw new ApiError((error as Error).message)
    } finally {
      response.destroy()
    }
  }

  async #answer(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<unknown> {
    const response = await this.#exchange(method, path, body, signal, answerMs)
    if (response.statusCode === undefined || response.statusCode >= 300) throw await refusal(response)
    return JSON.parse(await text(response))
  }

  async #exchange(
    method: string,
    path: string,
    body: unknown,
    signal: AbortSignal | undefined,
    timeout: number,
  ): Promise<IncomingMessage> {
    const url = new URL(this.address + path)
    const options: RequestOptions = {
      method,
      timeout,
      headers: {
        accept: 'application/json',
        ...(body !== undefined && { 'content-type': contentType(method) }),
      },
      ...(signal && { signal }),
    }
    await this.#config.applyToHTTPSOptions(options)
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => reject(new ApiError(error.message))
      const start = url.protocol === 'http:' ? requestInClear : requestOverTls
      const request: ClientRequest = start(url, options, resolve)
      request.on('error', fail).on('timeout', () => request.destroy(new Error('it has not answered')))
      request.end(body === undefined ? undefined : JSON.stringify(body))
    })
  }
}

/** YAML is JSON as well. */
function contentType(method: string): string {
  return method === 'PATCH' ? 'application/apply-patch+yaml' : 'application/json'
}

async function refusal(response: IncomingMessage): Promise<ApiError> {
  const said = await text(response)
  return new ApiError(messageIn(said) ?? said.slice(0, 200), response.statusCode)
}

function messageIn(status: string): string | undefined {
  try {
    return (JSON.parse(status) as { message?: string }).message
  } catch {
    return undefined
  }
}
