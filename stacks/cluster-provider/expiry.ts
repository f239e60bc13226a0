import type { ResourceKind } from './resource-kind.ts'

export interface ExpiryInputs {
  /** Milliseconds. */
  readonly lifetime: number
}

export interface ExpiryState extends ExpiryInputs {
  /** The moment, as Date writes it. */
  readonly at: string
}

/** When a cluster ends by itself: so long after the first `up`, and from then on the same at every other. */
export function expiry(now: () => number = Date.now): ResourceKind<ExpiryInputs, ExpiryState> {
  const begin = ({ lifetime }: ExpiryInputs): ExpiryState => ({
    lifetime,
    // To the second: that is what schedules of clouds know.
    at: new Date(Math.floor((now() + lifetime) / 1000) * 1000).toISOString(),
  })
  return {
    secrets: [],

    diff(state, inputs) {
      return { changed: state.lifetime === inputs.lifetime ? [] : ['lifetime'], replaces: [] }
    },

    async create(inputs) {
      return { id: 'expiry', state: begin(inputs) }
    },

    async update(_state, inputs) {
      return begin(inputs)
    },

    // One that is over is no more: after a refresh the next `up` begins another.
    async read(state) {
      return now() < Date.parse(state.at) ? state : undefined
    },
  }
}
