import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AgentStatus, PodAttachment } from '../api.ts'
import { Malformed, podAddresses } from '../cluster/parse.ts'
import { createServer } from '../http.ts'
import { listenPrivately } from '../private-socket.ts'
import { AgentProblem } from '../problem.ts'
import { readQuery } from './filter.ts'
import { streamFlows } from './flow-stream.ts'
import type { Health } from './health.ts'
import type { FlowHistory } from './history.ts'

/** What the API asks of the agent. */
export interface Served {
  readonly node: string
  status(): AgentStatus
  /** With everything that the datapath has said so far. */
  history(): FlowHistory
  /** Told of flow events that a reader was too slow for. */
  lostToReader(count: number): void
  /** In Prometheus' text format. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>
  health(): Health
  readiness(): Health
  putPod(name: string, pod: PodAttachment): void
  /** @returns whether there was one. */
  deletePod(name: string): boolean
  settled(patience: number): Promise<{ readonly settled: boolean; readonly waiting: readonly string[] }>
}

const longestPatience = 60_000
const largestBody = 64 << 10
const podExample = '{"device": …, "addresses": […]}'

/** Serves the API on a Unix socket that only its owner can open. Resolves when it listens. */
export async function serve(socketPath: string, agent: Served): Promise<Server> {
  const server = createServer((request, response) => {
    answer(agent, request, response).catch((error) => refuse(response, error))
  })
  await listenPrivately(server, socketPath)
  return server
}

async function answer(agent: Served, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://agent')
  const [, collection, name, ...rest] = pathname.split('/').map(decodeURIComponent)
  const route = `${request.method} /${collection}`
  if (rest.length > 0) throw new AgentProblem('EPATH', 2, `there is no ${pathname}`, 'See agent/api.ts.')

  if (route === 'GET /status') return json(response, 200, agent.status())
  if (route === 'GET /flows') return answerFlows(agent, searchParams, response)
  if (name === undefined && (await answerProbe(agent, route, response))) return
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

function answerFlows(agent: Served, parameters: URLSearchParams, response: ServerResponse): void {
  const query = readQuery(parameters)
  const history = agent.history()
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  response.flushHeaders()
  streamFlows(history, query, response, {
    node: agent.node,
    now: () => BigInt(Date.now()) * 1_000_000n,
    onLost: (count) => agent.lostToReader(count),
  })
}

/**
 * Answers what changes nothing and tells nothing of pods: all that is served over TCP.
 *
 * @returns whether it was one of these.
 */
export async function answerProbe(agent: Served, route: string, response: ServerResponse): Promise<boolean> {
  if (route === 'GET /metrics') {
    const { contentType, text } = await agent.metrics()
    response.writeHead(200, { 'content-type': contentType })
    response.end(text)
    return true
  }
  if (route === 'GET /healthz') answerHealth(agent.health(), response)
  else if (route === 'GET /readyz') answerHealth(agent.readiness(), response)
  else return false
  return true
}

/** As Kubernetes wants it: the status says it all, the text is for people. */
function answerHealth({ ok, checks }: Health, response: ServerResponse): void {
  const lines = checks.map(({ name, problem }) => (problem ? `[-] ${name}: ${problem}` : `[+] ${name}`))
  response.writeHead(ok ? 200 : 503, { 'content-type': 'text/plain; charset=utf-8' })
  response.end(`${lines.join('\n')}\n`)
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
