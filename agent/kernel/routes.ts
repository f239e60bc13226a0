import { isDeepStrictEqual } from 'node:util'
import type { NetlinkError, Route, RouteEntry, RouteOptions } from '@wireproof/netlink'
import { isOwnMetric, settlingTable } from '../plan/ownership.ts'
import { hostPrefix } from '../plan/prefix.ts'
import { AgentProblem } from '../problem.ts'
import { whileModulesLoad } from './patience.ts'

const mainTable = 254

/** A route on a device given by its index, or on none. */
export type DeviceRoute = RouteOptions & { readonly device?: number }

/** Our routes in the main table, and those by which what is unsettled goes. */
export function ownRoutes(route: Route): RouteEntry[] {
  return route
    .routes()
    .filter(({ table, metric }) => [mainTable, settlingTable].includes(table) && isOwnMetric(metric))
}

/**
 * Our routes as they should be and as the kernel has them, by destination and metric. Read from the kernel once, then kept by what is
 * done to them, so that a change costs what it changes.
 */
export class RouteTable {
  readonly #route: Route
  readonly #wanted = new Map<string, DeviceRoute>()
  readonly #present = new Map<string, DeviceRoute | RouteEntry>()
  #dirty = new Set<string>()
  #hasPrograms = true

  constructor(route: Route) {
    this.#route = route
  }

  /** Whether this kernel takes programs on routes, as far as has been seen. */
  get hasPrograms(): boolean {
    return this.#hasPrograms
  }

  reload(): void {
    this.#present.clear()
    for (const entry of ownRoutes(this.#route)) this.#present.set(nameOf(entry), entry)
    this.#dirty = new Set([...this.#present.keys(), ...this.#wanted.keys()])
  }

  want(routes: readonly DeviceRoute[]): void {
    for (const route of routes) {
      const name = nameOf(route)
      this.#wanted.set(name, route)
      this.#dirty.add(name)
    }
  }

  /** @param routes those of them that have been replaced by others since stay wanted. */
  unwant(routes: readonly DeviceRoute[]): void {
    for (const route of routes) {
      const name = nameOf(route)
      if (this.#wanted.get(name) !== route) continue
      this.#wanted.delete(name)
      this.#dirty.add(name)
    }
  }

  /** Adds what is missing and changes what differs. @throws AgentProblem EROUTE where a next hop cannot be reached. */
  add(): void {
    const names = [...this.#dirty].filter((name) => this.#wanted.has(name))
    this.#put(
      names.flatMap((name) => {
        const [wanted, present] = [this.#wanted.get(name)!, this.#present.get(name)]
        return !this.#isPossible(wanted) || (present && isSame(wanted, present)) ? [] : wanted
      }),
    )
    for (const name of names) {
      const wanted = this.#wanted.get(name)!
      if (this.#isPossible(wanted)) this.#present.set(name, wanted)
      this.#dirty.delete(name)
    }
  }

  #isPossible({ program }: DeviceRoute): boolean {
    return this.#hasPrograms || program === undefined
  }

  removeUnwanted(): void {
    for (const name of this.#dirty) {
      const present = this.#present.get(name)
      if (present) removeRoute(this.#route, present)
      this.#present.delete(name)
    }
    this.#dirty.clear()
  }

  #put(routes: readonly DeviceRoute[]): void {
    try {
      // What takes programs on routes is a module in some kernels.
      whileModulesLoad(() => this.#route.addRoutes(routes, { replace: true }))
    } catch (error) {
      const { code, index = 0 } = error as NetlinkError
      if (code === 'EOPNOTSUPP' && this.#hasPrograms && routes[index]?.program) {
        this.#hasPrograms = false
        this.#put(routes.filter((each) => this.#isPossible(each)))
        return
      }
      if (!['ENETUNREACH', 'EHOSTUNREACH'].includes(code)) throw error
      throw new AgentProblem(
        'EROUTE',
        4,
        `node ${routes[index]!.via} cannot be reached from here`,
        'Give the wire device an address in the network of the other nodes, and set it up.',
      )
    }
  }
}

export function removeRoute(
  route: Route,
  { destination, device, metric, table }: DeviceRoute | RouteEntry,
): void {
  try {
    route.removeRoute({
      destination,
      ...(device === undefined ? {} : { device }),
      ...(metric ? { metric } : {}),
      ...(table ? { table } : {}),
    })
  } catch (error) {
    // A device takes its routes with it when it goes.
    if (!['ESRCH', 'ENODEV'].includes((error as { code: string }).code)) throw error
  }
}

function nameOf({ destination, metric, table = mainTable }: DeviceRoute | RouteEntry): string {
  return `${hostPrefix(destination)} ${metric} ${table}`
}

function isSame(wanted: DeviceRoute, present: DeviceRoute | RouteEntry): boolean {
  const type = wanted.type ?? 'unicast'
  if (type !== (present.type ?? 'unicast')) return false
  // The kernel puts one that leads nowhere on a device of its own choice.
  if (type !== 'unicast') return true
  return (
    wanted.via === present.via &&
    wanted.device === present.device &&
    wanted.mtu === present.mtu &&
    wanted.program?.name === present.program?.name &&
    isDeepStrictEqual(wanted.encapsulation, present.encapsulation)
  )
}
