import { chmodSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { dirname } from 'node:path'
import type { AgentStatus, Flow, PodAttachment } from '../api.ts'
import { Malformed, podAddresses } from '../cluster/parse.ts'
import { AgentProblem } from '../problem.ts'

/** What the API asks of the agent. */
export interface Served {
  status(): AgentStatus
  /** Calls back for each flow event until the returned function is called. */
  onFlow(listener: (flow: Flow) => void): () => void
  putPod(name: string, pod: PodAttachment): void
  /** @returns whether there was one. */
  deletePod(name: string): boolean
  settled(patience: number): Promise<{ readonly settled: boolean; readonly waiting: readonly string[] }>
}

const longestPatience = 60_000
const largestBody = 64 << 10
const podExample = '{"device": …, "addresses": […]}'
/** A reader that falls this many bytes behind loses events rather than the agent its memory. */
const largestBacklog = 4 << 20

/**
 * Serves the API on a Unix socket that only its owner can open. Resolves when it listens; before, there is no such file:
 * whoever sees it can connect.
 */
export async function serve(socketPath: string, agent: Served): Promise<Server> {
  const server = createServer((request, response) => {
    answer(agent, request, response).catch((error) => refuse(response, error))
  })
  // Between bind(2), which makes the file, and listen(2) connections would be refused.
  const fresh = `${socketPath}.new`
  mkdirSync(dirname(socketPath), { recursive: true, mode: 0o700 })
  rmSync(fresh, { force: true })
  const umask = process.umask(0o177)
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(fresh, resolve)
    })
  } finally {
    process.umask(umask)
  }
  chmodSync(fresh, 0o600)
  renameSync(fresh, socketPath)
  return server
}

async function answer(agent: Served, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://agent')
  const [, collection, name, ...rest] = pathname.split('/').map(decodeURIComponent)
  const route = `${request.method} /${collection}`
  if (rest.length > 0) throw new AgentProblem('EPATH', 2, `there is no ${pathname}`, 'See agent/api.ts.')

  if (route === 'GET /status') return json(response, 200, agent.status())
  if (route === 'GET /flows') return streamFlows(agent, response)
  if (route === 'GET /settled') {
    const patience = Number(searchParams.get('patience') ?? 10_000)
    if (!(patience >= 0 && patience <= longestPatience))
      throw new AgentProblem(
        'EPATIENCE',
        2,
        'patience is out of range',
        `Give 0 to ${longestPatience} milliseconds.`,
      )
    return json(response, 200, await agent.settled(patience))
  }
  if (name && route === 'PUT /pods') {
    agent.putPod(name, attachment(await body(request)))
    return json(response, 200, {})
  }
  if (name && route === 'DELETE /pods') return json(response, 200, { deleted: agent.deletePod(name) })
  throw new AgentProblem('EPATH', 2, `there is no ${request.method} ${pathname}`, 'See agent/api.ts.')
}

function streamFlows(agent: Served, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  response.flushHeaders()
  const stop = agent.onFlow((flow) => {
    if (response.writableLength < largestBacklog) response.write(`${JSON.stringify(flow)}\n`)
  })
  response.on('close', stop)
}

async function body(request: IncomingMessage): Promise<unknown> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk
    if (text.length > largestBody)
      throw new AgentProblem('EBODY', 2, 'the request is too large', 'Send less.')
  }
  try {
    return JSON.parse(text)
  } catch {
    throw new AgentProblem('EBODY', 2, 'the request is not JSON', `Send ${podExample}.`)
  }
}

function attachment(value: unknown): PodAttachment {
  const { device } = (value ?? {}) as Partial<PodAttachment>
  try {
    if (typeof device !== 'string') throw new Malformed('device must be the name of a link')
    return { device, addresses: podAddresses(value) }
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    throw new AgentProblem('EBODY', 2, `the pod is not understood: ${error.message}`, `Send ${podExample}.`)
  }
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}

function refuse(response: ServerResponse, error: Error & { code?: string; remedy?: string }): void {
  if (response.headersSent) {
    response.destroy(error)
    return
  }
  const status = error instanceof AgentProblem && error.exitCode === 2 ? 400 : 500
  const message = error.remedy ? `${error.message}. ${error.remedy}` : error.message
  json(response, status, { code: error.code ?? 'EAGENT', message })
}
