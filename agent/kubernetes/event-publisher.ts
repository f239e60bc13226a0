import type { AgentStatus } from '../api.ts'
import type { Log } from '../log.ts'
import { ApiError, type ApiServer } from './api-server.ts'
import { apiGroup, apiVersion } from './names.ts'
import { eventNamespace, eventOf, ViolationSeries } from './violations.ts'

const eventsPath = `/apis/events.k8s.io/v1/namespaces/${eventNamespace}/events`
const manager = 'wireproof-mirror'

/** Tells people in Events on a node's WireproofNode what its agent has stopped, or could not. */
export class EventPublisher {
  readonly #server: ApiServer
  readonly #node: string
  readonly #log: Log
  readonly #violations = new ViolationSeries()
  #trouble: string | undefined

  constructor(server: ApiServer, node: string, log: Log) {
    this.#server = server
    this.#node = node
    this.#log = log
  }

  /** What could not be written is tried again when the agent is looked at again. @param uid of the WireproofNode. */
  async publish(status: AgentStatus, uid: string | undefined, now: number): Promise<void> {
    const about = { apiVersion: `${apiGroup}/${apiVersion}`, name: this.#node, uid }
    try {
      for (const series of this.#violations.observe(status, now)) {
        const event = eventOf(series, about)
        await this.#server.apply(`${eventsPath}/${event.metadata.name}`, event, manager)
        this.#violations.wrote(series)
      }
      this.#trouble = undefined
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.message !== this.#trouble)
        this.#log('warn', 'event-not-published', { message: error.message })
      this.#trouble = error.message
    }
  }
}
