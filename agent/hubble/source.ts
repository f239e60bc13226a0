import type { Served } from '../monitor/server.ts'

/** What the Hubble API tells of: an agent's memory of flows, and the nodes that it knows. */
export interface ObserverSource extends Pick<Served, 'node' | 'history' | 'lostToReader'> {
  /** Flow events since the agent began, also those that are forgotten. */
  told(): number
  /** All nodes of the cluster, this one among them. */
  nodes(): readonly { readonly name: string; readonly underlay: string }[]
}
