/**
 * How the agent knows its own: associations and policies by reqid, routes by metric. What others have put into the
 * kernel is never touched.
 */
const base = 0x5700_0000
const numberMask = 0x00ff_ffff

export function reqidOf(node: number): number {
  return base | node
}

/**
 * Another for every node: before the kernel adds a route, it looks for one with the same next hop among all that have the
 * same metric and device, one after the other.
 */
export function routeMetricOf(node: number): number {
  return base | node
}

export function isOwnMetric(metric: number | undefined): boolean {
  return peerOf(metric) !== undefined
}

/** The number of the peer that an association or policy of ours is about; undefined for one that is not ours. */
export function peerOf(reqid: number | undefined): number | undefined {
  return reqid !== undefined && (reqid & ~numberMask) === base ? reqid & numberMask : undefined
}
