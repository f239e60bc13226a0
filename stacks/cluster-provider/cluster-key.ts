import { newClusterKey, nextKeyId, type SuiteName } from '../../lab/suites.ts'
import type { ResourceKind } from './resource-kind.ts'

export interface ClusterKeyInputs {
  readonly suite: SuiteName
  /** Another number is another key: whoever wants one raises it. */
  readonly generation: number
}

export interface ClusterKeyState extends ClusterKeyInputs {
  /** In the form that agents read. */
  readonly key: string
  readonly keyId: number
}

const firstId = 1

/** A cluster key. It is made here and never anywhere in clear but in this process, the engine's and the program's memory. */
export const clusterKey: ResourceKind<ClusterKeyInputs, ClusterKeyState> = {
  secrets: ['key'],

  diff(state, inputs) {
    const changed = (['suite', 'generation'] as const).filter(
      (property) => state[property] !== inputs[property],
    )
    return { changed, replaces: [] }
  },

  async create(inputs) {
    const key = newClusterKey(firstId, inputs.suite)
    return { id: 'cluster-key', state: { ...inputs, key, keyId: firstId } }
  },

  // In place, so that the next key has the next id: agents refuse another key under an id that they know.
  async update(state, inputs) {
    const keyId = nextKeyId(state.key)
    return { ...inputs, key: newClusterKey(keyId, inputs.suite), keyId }
  },
}
