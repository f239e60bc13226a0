/**
 * How the agent knows its own: associations and policies by reqid, routes by metric. What others have put into the
 * kernel is never touched.
 */
const reqidBase = 0x5700_0000
const numberMask = 0x00ff_ffff

export const routeMetric = 0x5750

export function reqidOf(node: number): number {
  return reqidBase | node
}

/** The number of the peer that an association or policy of ours is about; undefined for one that is not ours. */
export function peerOf(reqid: number | undefined): number | undefined {
  return reqid !== undefined && (reqid & ~numberMask) === reqidBase ? reqid & numberMask : undefined
}
