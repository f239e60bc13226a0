import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Route, RouteEntry, RouteOptions } from '@wireproof/netlink'
import { type DeviceRoute, RouteTable } from './routes.ts'

const program = { name: 'wireproof to_peer 7', fd: 3 }
const toPeer = {
  destination: '10.0.2.0/24',
  via: '192.168.0.2',
  device: 2,
  mtu: 1400,
  metric: 0x5700_0002,
  table: 0x5750,
} satisfies DeviceRoute

/** Routes of a kernel in memory, which may take no programs. */
function kernel(takesPrograms: boolean) {
  const held = new Map<string, RouteOptions>()
  let writes = 0
  const fake: Partial<Route> = {
    routes: () =>
      [...held.values()].map(
        ({ program, ...route }) =>
          ({
            ...route,
            type: 'unicast',
            ...(program && { program: { name: program.name } }),
          }) as RouteEntry,
      ),
    addRoutes: (routes) => {
      for (const [index, route] of routes.entries()) {
        if (route.program && !takesPrograms)
          throw Object.assign(new Error('not supported'), { code: 'EOPNOTSUPP', index })
        held.set(route.destination, route)
        writes++
      }
    },
  }
  return { route: fake as Route, held, writes: () => writes }
}

test('a route has its program, is not written again, and is once another program is to be on it', () => {
  const { route, held, writes } = kernel(true)
  const table = new RouteTable(route)
  table.want([{ ...toPeer, program }])
  table.add()
  assert.deepEqual([held.get(toPeer.destination)?.program, table.hasPrograms], [program, true])
  table.reload()
  table.add()
  assert.equal(writes(), 1)
  const next = { ...program, name: 'wireproof to_peer 8' }
  table.want([{ ...toPeer, program: next }])
  table.add()
  assert.deepEqual([writes(), held.get(toPeer.destination)?.program], [2, next])
})

test('a program that somebody has taken off a route is put back', () => {
  const { route, held } = kernel(true)
  const table = new RouteTable(route)
  table.want([{ ...toPeer, program }])
  table.add()
  held.set(toPeer.destination, toPeer)
  table.reload()
  table.add()
  assert.deepEqual(held.get(toPeer.destination)?.program, program)
})

test('where the kernel takes no programs there are no routes with one, others are, and that is told', () => {
  const { route, held, writes } = kernel(false)
  const table = new RouteTable(route)
  const other = { ...toPeer, destination: '10.0.3.0/24' }
  table.want([{ ...toPeer, program }, other])
  table.add()
  assert.deepEqual([[...held.values()], table.hasPrograms], [[other], false])
  table.reload()
  table.add()
  table.removeUnwanted()
  assert.equal(writes(), 1)
})
