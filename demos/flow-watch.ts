import type { Flow } from '../agent/api.ts'
import type { Lab } from '../lab/lab.ts'

/** Flow events of a node while something happens. */
export interface FlowWatch {
  /** @returns what was seen. @throws what broke the stream, if something did. */
  end(): Promise<readonly Flow[]>
}

export function watchFlows(lab: Pick<Lab, 'flows'>, node: string, signal: AbortSignal): FlowWatch {
  const done = new AbortController()
  const seen: Flow[] = []
  const reading = (async () => {
    for await (const flow of lab.flows(node, AbortSignal.any([signal, done.signal]))) seen.push(flow)
  })()
  // Looked at by end(); a demo that stops before has no use for it.
  reading.catch(() => {})
  return {
    end: async () => {
      done.abort()
      await reading
      return seen
    },
  }
}
