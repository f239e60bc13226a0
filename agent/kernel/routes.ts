import type { Route, RouteEntry, RouteOptions } from '@wireproof/netlink'
import { routeMetric } from '../plan/ownership.ts'
import { hostPrefix } from '../plan/prefix.ts'
import { AgentProblem } from '../problem.ts'

const mainTable = 254

/** A route on a device given by its index, or on none. */
export type DeviceRoute = RouteOptions & { readonly device?: number }

/** Our routes in the main table. */
export function ownRoutes(route: Route): RouteEntry[] {
  return route.routes().filter((entry) => entry.table === mainTable && entry.metric === routeMetric)
}

/**
 * Our routes as they should be and as the kernel has them, by destination. Read from the kernel once, then kept by what is
 * done to them, so that a change costs what it changes.
 */
export class RouteTable {
  readonly #route: Route
  readonly #wanted = new Map<string, DeviceRoute>()
  readonly #present = new Map<string, DeviceRoute | RouteEntry>()
  #dirty = new Set<string>()

  constructor(route: Route) {
    this.#route = route
  }

  reload(): void {
    this.#present.clear()
    for (const entry of ownRoutes(this.#route)) this.#present.set(hostPrefix(entry.destination), entry)
    this.#dirty = new Set([...this.#present.keys(), ...this.#wanted.keys()])
  }

  want(routes: readonly DeviceRoute[]): void {
    for (const route of routes) {
      const destination = hostPrefix(route.destination)
      this.#wanted.set(destination, route)
      this.#dirty.add(destination)
    }
  }

  /** @param routes those of them that have been replaced by others since stay wanted. */
  unwant(routes: readonly DeviceRoute[]): void {
    for (const route of routes) {
      const destination = hostPrefix(route.destination)
      if (this.#wanted.get(destination) !== route) continue
      this.#wanted.delete(destination)
      this.#dirty.add(destination)
    }
  }

  /** Adds what is missing and changes what differs. @throws AgentProblem EROUTE where a next hop cannot be reached. */
  add(): void {
    for (const destination of this.#dirty) {
      const wanted = this.#wanted.get(destination)
      if (!wanted) continue
      const present = this.#present.get(destination)
      if (!present || !isSame(wanted, present)) this.#add(wanted)
      this.#present.set(destination, wanted)
      this.#dirty.delete(destination)
    }
  }

  removeUnwanted(): void {
    for (const destination of this.#dirty) {
      const present = this.#present.get(destination)
      if (present) removeRoute(this.#route, present)
      this.#present.delete(destination)
    }
    this.#dirty.clear()
  }

  #add(wanted: DeviceRoute): void {
    try {
      this.#route.addRoute({ ...wanted, replace: true })
    } catch (error) {
      if (!['ENETUNREACH', 'EHOSTUNREACH'].includes((error as { code: string }).code)) throw error
      throw new AgentProblem(
        'EROUTE',
        4,
        `node ${wanted.via} cannot be reached from here`,
        'Give the wire device an address in the network of the other nodes, and set it up.',
      )
    }
  }
}

export function removeRoute(route: Route, { destination, device, metric }: DeviceRoute | RouteEntry): void {
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

function isSame(wanted: DeviceRoute, present: DeviceRoute | RouteEntry): boolean {
  const type = wanted.type ?? 'unicast'
  if (type !== (present.type ?? 'unicast')) return false
  // The kernel puts one that leads nowhere on a device of its own choice.
  if (type !== 'unicast') return true
  return wanted.via === present.via && wanted.device === present.device && wanted.mtu === present.mtu
}
