import type { Route, RouteEntry, RouteOptions } from '@wireproof/netlink'
import { type Difference, difference } from '../plan/difference.ts'
import { routeMetric } from '../plan/ownership.ts'
import { AgentProblem } from '../problem.ts'

const mainTable = 254

/** Our routes in the main table. */
export function ownRoutes(route: Route): RouteEntry[] {
  return route.routes().filter((entry) => entry.table === mainTable && entry.metric === routeMetric)
}

/** A route on a device given by its index, or on none. */
export type DeviceRoute = RouteOptions & { readonly device?: number }
export type RouteDifference = Difference<DeviceRoute, RouteEntry>

export function compareRoutes(
  desired: readonly DeviceRoute[],
  present: readonly RouteEntry[],
): RouteDifference {
  return difference<DeviceRoute, RouteEntry>(
    desired,
    present,
    ({ destination }) => (destination.includes('/') ? destination : `${destination}/32`),
    (a, b) => (a.type ?? 'unicast') === b.type && a.via === b.via && a.device === b.device && a.mtu === b.mtu,
  )
}

/** @throws AgentProblem EROUTE where a next hop cannot be reached. */
export function applyRoutes(route: Route, { add, change }: RouteDifference): void {
  for (const wanted of [...add, ...change.map(({ to }) => to)]) {
    try {
      route.addRoute({ ...wanted, replace: true })
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENETUNREACH') throw error
      throw new AgentProblem(
        'EROUTE',
        4,
        `node ${wanted.via} cannot be reached from here`,
        'Give the wire device an address in the network of the other nodes, and set it up.',
      )
    }
  }
}

export function removeRoutes(route: Route, { remove }: RouteDifference): void {
  for (const { destination, device, metric } of remove) {
    try {
      route.removeRoute({
        destination,
        ...(device === undefined ? {} : { device }),
        ...(metric ? { metric } : {}),
      })
    } catch (error) {
      // A device takes its routes with it when it goes.
      if (!['ESRCH', 'ENODEV'].includes((error as { code: string }).code)) throw error
    }
  }
}
