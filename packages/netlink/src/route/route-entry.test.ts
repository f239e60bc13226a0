import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Writer } from '../writer.ts'
import { type RouteOptions, readRoute, writeRoute } from './route-entry.ts'

function roundTrip(route: RouteOptions, device?: number, removal?: boolean) {
  const writer = new Writer()
  writeRoute(writer, route, device, removal)
  return readRoute({ type: 24, flags: 0, sequence: 1, port: 0, payload: writer.bytes })
}

test('a route is written and read with all it can say', () => {
  const route = {
    destination: '10.9.0.0/24',
    via: '10.0.0.2',
    source: '10.0.0.1',
    mtu: 1400,
    metric: 7,
    table: 1000,
    onlink: true,
  }
  assert.deepEqual(roundTrip(route, 5), {
    ...route,
    device: 5,
    family: 4,
    protocol: 3,
    scope: 'global',
    type: 'unicast',
  })
})

test('a route without a next hop reaches the link only, a local one the host only', () => {
  assert.equal(roundTrip({ destination: '10.9.0.0/24' }, 5).scope, 'link')
  assert.equal(roundTrip({ destination: '10.9.0.1', type: 'local' }, 1).scope, 'host')
  assert.equal(roundTrip({ destination: '10.9.0.0/24', type: 'blackhole' }).scope, 'global')
  assert.equal(roundTrip({ destination: 'fd00::/64' }, 5).scope, 'global')
})

test('the default route takes the family of its next hop', () => {
  assert.equal(roundTrip({ destination: 'default', via: 'fe80::1' }).destination, '::/0')
  assert.equal(roundTrip({ destination: 'default', via: '10.0.0.1' }).destination, '0.0.0.0/0')
})

test('an IPv4 route may go by an IPv6 next hop', () => {
  assert.equal(roundTrip({ destination: '10.9.0.0/24', via: 'fe80::1' }, 5).via, 'fe80::1')
})

test('a removal matches any protocol, type and scope that it does not name', () => {
  const { protocol, scope, type } = roundTrip({ destination: '10.9.0.0/24' }, undefined, true)
  assert.deepEqual({ protocol, scope, type }, { protocol: 0, scope: 'nowhere', type: 0 })
})

test('a route names the program that sees what is sent on by it', () => {
  const { program } = roundTrip({ destination: '10.9.0.0/24', program: { name: 'gate 7', fd: 3 } }, 5)
  assert.deepEqual(program, { name: 'gate 7' })
})

test('a route says what it puts its packets into, over either family', () => {
  for (const encapsulation of [
    { id: 22_352, source: '192.168.0.1', destination: '192.168.0.2' },
    { id: 0xff_ffff, source: 'fd56::1', destination: 'fd56::2' },
  ])
    for (const destination of ['10.9.0.0/24', 'fd00::/64'])
      assert.deepEqual(roundTrip({ destination, encapsulation }, 5).encapsulation, encapsulation)
  assert.equal('encapsulation' in roundTrip({ destination: '10.9.0.0/24' }, 5), false)
})
