import type { Announcement, Changes, ClusterView } from './state.ts'

/** Where an agent reads what it is told, and tells the others what it has done. */
export interface ClusterStore {
  readonly view: ClusterView

  /**
   * Brings the view up to date.
   *
   * @param thorough also looks at what nobody has said that it changed.
   * @throws AgentProblem when settings or key are missing or malformed: without them there is nothing to aim at.
   */
  refresh(thorough: boolean): Changes

  /** Publishes the node's own life under a revision larger than any before. */
  publishLife(node: string, incarnation: string): void
  announce(node: string, announcement: Announcement): void

  /** Calls `onChange` after something changed, once for a burst. */
  watch(onChange: () => void, onError: (error: Error) => void): { close(): void }

  /**
   * Whose announcements matter now. Those of others wake nobody: otherwise every node that joins would wake every other as
   * often as there are nodes.
   */
  listen(to: Listening): void
}

/** Names of nodes. */
export type Listening = 'all' | ReadonlySet<string>
