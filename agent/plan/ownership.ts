/**
 * How the agent knows its own: associations and policies by reqid, routes by metric. What others have put into the
 * kernel is never touched.
 */
const reqidBase = 0x5750_0000

export const routeMetric = 0x5750

export function reqidOf(nodeId: number): number {
  return reqidBase | nodeId
}

/** The peer that an association or policy of ours is about; undefined for one that is not ours. */
export function peerOf(reqid: number | undefined): number | undefined {
  return reqid !== undefined && (reqid & 0xffff_0000) === reqidBase ? reqid & 0xffff : undefined
}
