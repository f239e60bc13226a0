import { type IncomingMessage, request } from 'node:http'
import { createInterface } from 'node:readline'
import type { Duplex } from 'node:stream'
import { type AgentStatus, type Flow, type FlowRecord, isLoss, type PodAttachment } from './api.ts'
import { type FlowQuery, writeQuery } from './monitor/filter.ts'

/** What an agent answered instead of what was asked for, or why it did not answer. */
export class AgentError extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.name = 'AgentError'
    this.code = code
  }
}

/** Talks to one agent over its Unix socket. Every method throws AgentError; `EAGENT` when nobody answers. */
export interface AgentClient {
  status(signal?: AbortSignal): Promise<AgentStatus>
  /**
   * Events from now on, without word of those that were lost, until the signal aborts; ends without an error then. Throws
   * when the agent goes away.
   */
  flows(signal: AbortSignal): AsyncIterable<Flow>
  /** What is asked for, and where something is missing. Ends as flows() does, and where `follow` is false by itself. */
  records(query: FlowQuery, signal: AbortSignal): AsyncIterable<FlowRecord>
  /** Resolves when the pod's device is guarded, up, and routed to. */
  putPod(name: string, pod: PodAttachment, signal?: AbortSignal): Promise<void>
  deletePod(name: string, signal?: AbortSignal): Promise<void>
  /**
   * Waits until the kernel of the node is what the cluster store, as it is now, asks for.
   *
   * @throws AgentError `EUNSETTLED` with what is missing, after 30 seconds or when the signal aborts.
   */
  settled(signal?: AbortSignal): Promise<void>
}

const settleDeadline = 30_000
/** One question waits this long, in milliseconds, before the agent answers what is missing. */
const settlePatience = 500

/** @param at its socket, or what leads there anew for every question. */
export function connectAgent(at: string | (() => Duplex)): AgentClient {
  const call = (
    method: string,
    path: string,
    options: { body?: unknown; signal?: AbortSignal | undefined } = {},
  ) => exchange(at, method, path, options)
  const json = async <Result>(...parameters: Parameters<typeof call>) =>
    JSON.parse(await textOf(await call(...parameters))) as Result

  async function* records(query: FlowQuery, signal: AbortSignal): AsyncGenerator<FlowRecord> {
    try {
      const input = await call('GET', `/flows?${writeQuery(query)}`, { signal })
      for await (const line of createInterface({ input }))
        if (line !== '') yield JSON.parse(line) as FlowRecord
      // An agent that dies in the middle ends the stream too: what was read is then not all there is.
      if (!signal.aborted && (query.follow !== false || !input.complete)) throw closed()
    } catch (error) {
      if (!signal.aborted) throw error instanceof AgentError ? error : closed()
    }
  }

  return {
    status: (signal) => json<AgentStatus>('GET', '/status', { signal }),

    async *flows(signal) {
      for await (const record of records({}, signal)) if (!isLoss(record)) yield record
    },

    records,

    async putPod(name, body, signal) {
      await textOf(await call('PUT', podPath(name), { body, signal }))
    },

    async deletePod(name, signal) {
      await textOf(await call('DELETE', podPath(name), { signal }))
    },

    async settled(signal) {
      const deadline = AbortSignal.timeout(settleDeadline)
      const until = signal ? AbortSignal.any([signal, deadline]) : deadline
      let missing = ['the agent has not said what']
      const ask = () =>
        json<{ settled: boolean; waiting: string[] }>('GET', `/settled?patience=${settlePatience}`, {
          signal: until,
        })
      try {
        for (;;) {
          const { settled, waiting } = await ask()
          if (settled) return
          missing = waiting
        }
      } catch (error) {
        if (!until.aborted) throw error
        throw new AgentError('EUNSETTLED', `the node is not settled: ${missing.join('; ')}`)
      }
    },
  }
}

function closed(): AgentError {
  return new AgentError('EAGENT', 'the agent closed the stream of flows')
}

function podPath(name: string): string {
  return `/pods/${encodeURIComponent(name)}`
}

async function exchange(
  at: string | (() => Duplex),
  method: string,
  path: string,
  options: { body?: unknown; signal?: AbortSignal | undefined },
): Promise<IncomingMessage> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const { signal } = options
    // A connection for each question: one that was kept may be closed by the agent, or be another agent's by now.
    const connection = typeof at === 'string' ? { socketPath: at, agent: false } : { createConnection: at }
    const outgoing = request({ ...connection, method, path, ...(signal ? { signal } : {}) }, resolve)
    outgoing.on('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.name === 'AbortError'
          ? error
          : new AgentError(
              'EAGENT',
              `the agent${typeof at === 'string' ? ` at ${at}` : ''} does not answer: ${error.message}`,
            ),
      ),
    )
    outgoing.end(options.body === undefined ? undefined : JSON.stringify(options.body))
  })
  if ((response.statusCode ?? 500) < 300) return response
  const { code, message } = JSON.parse(await textOf(response)) as { code: string; message: string }
  throw new AgentError(code, message)
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  return text
}
