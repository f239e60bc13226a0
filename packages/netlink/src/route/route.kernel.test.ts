import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { inNetworkNamespace } from '@wireproof/ffi'
import { type NetlinkBatchError, NetlinkError } from '../error.ts'
import { ipJson, testNamespace } from '../test-namespace.ts'
import { openRoute } from './route.ts'

function routeIn(context: TestContext) {
  const { name, path } = testNamespace(context)
  const route = inNetworkNamespace(path, openRoute)
  context.after(() => route.close())
  return { name, path, route }
}

test('a veth pair joins two namespaces, each end with its name, MTU, MAC and alias', (context) => {
  const a = routeIn(context)
  const b = routeIn(context)
  using here = openRoute()
  here.addVeth({
    name: 'eth0',
    mac: '02:00:00:00:00:01',
    mtu: 1400,
    namespace: a.path,
    alias: 'node a',
    peer: { name: 'eth9', mac: '02:00:00:00:00:02', mtu: 1300, namespace: b.path, alias: 'node b' },
  })
  const [near] = ipJson(a.name, 'link', 'show', 'eth0')
  const [far] = ipJson(b.name, 'link', 'show', 'eth9')
  assert.deepEqual(
    [near.address, near.mtu, near.ifalias, far.address, far.mtu, far.ifalias],
    ['02:00:00:00:00:01', 1400, 'node a', '02:00:00:00:00:02', 1300, 'node b'],
  )
  const link = a.route.link('eth0')
  assert.equal(link.kind, 'veth')
  assert.equal(link.alias, 'node a')
  assert.equal(link.peerIndex, b.route.link('eth9').index)
  assert.throws(() => here.link('eth9'), { code: 'ENODEV' })
})

test("the peer that names no namespace is made in the socket's own", (context) => {
  const a = routeIn(context)
  const b = routeIn(context)
  a.route.addVeth({ name: 'far', namespace: b.path, peer: { name: 'near' } })
  assert.equal(a.route.link('near').name, 'near')
  assert.equal(b.route.link('far').name, 'far')
  assert.throws(() => a.route.link('far'), { code: 'ENODEV' })
})

test('a bridge keeps its MTU and settings when a port joins, and lets it go', (context) => {
  const { name, route } = routeIn(context)
  route.addBridge({ name: 'br0', mtu: 1450, ageingTime: 7, multicastSnooping: false })
  route.addVeth({ name: 'port', mtu: 1500, peer: { name: 'other' } })
  route.setLink('port', { master: 'br0' })
  const [bridge] = ipJson(name, 'link', 'show', 'br0')
  assert.equal(bridge.mtu, 1450)
  assert.equal(bridge.linkinfo.info_data.ageing_time, 700)
  assert.equal(bridge.linkinfo.info_data.mcast_snooping, 0)
  assert.equal(route.link('port').master, route.link('br0').index)
  route.setLink('port', { master: null })
  assert.equal(route.link('port').master, undefined)
})

test('a VXLAN link is what iproute2 shows, with a network of its own or with those that routes name', (context) => {
  const { name, route } = routeIn(context)
  route.addVxlan({ name: 'own', id: 7, port: 4790, local: '10.9.0.1', mtu: 1400, mac: '02:00:00:00:00:05' })
  route.addVxlan({ name: 'any', port: 4789, learning: true, zeroChecksum6: true })
  const shown = (link: string) => ipJson(name, '-d', 'link', 'show', link)[0]
  const [own, any] = [shown('own'), shown('any')]
  const about = own.linkinfo.info_data
  assert.deepEqual(
    [own.linkinfo.info_kind, own.mtu, own.address, about.id, about.port, about.local, about.learning],
    ['vxlan', 1400, '02:00:00:00:00:05', 7, 4790, '10.9.0.1', false],
  )
  const { external, port, learning, udp_zero_csum6_rx } = any.linkinfo.info_data
  assert.deepEqual([external, port, learning, udp_zero_csum6_rx], [true, 4789, true, true])
  assert.deepEqual(route.link('own').vxlan, { id: 7, port: 4790 })
  assert.deepEqual(route.link('any').vxlan, { port: 4789 })
  assert.equal(route.link('lo').vxlan, undefined)
  assert.throws(() => route.addVxlan({ name: 'any', port: 4791 }), { code: 'EEXIST' })
})

test('routes put packets into a VXLAN link, whose neighbours nobody need know', (context) => {
  const { name, route } = routeIn(context)
  route.addVxlan({ name: 'any', port: 4789 })
  route.setLink('any', { up: true, arp: false })
  assert.ok(ipJson(name, 'link', 'show', 'any')[0].flags.includes('NOARP'))
  const encapsulation = { id: 22, source: '192.168.0.1', destination: '192.168.0.2' }
  const over6 = { id: 22, source: 'fd56::1', destination: 'fd56::2' }
  route.addRoutes([
    { destination: '10.10.0.0/16', device: 'any', encapsulation, mtu: 1300, metric: 5 },
    { destination: 'fd00:1::/64', device: 'any', encapsulation, metric: 5 },
    { destination: '10.11.0.0/16', device: 'any', encapsulation: over6, metric: 5 },
  ])
  const [shown] = ipJson(name, 'route', 'show', '10.10.0.0/16')
  assert.deepEqual(
    [shown.encap, shown.id, shown.src, shown.dst, shown.metrics[0].mtu],
    ['ip', 22, '192.168.0.1', '192.168.0.2', 1300],
  )
  const read = (destination: string) => route.routes().find((each) => each.destination === destination)
  assert.deepEqual(read('10.10.0.0/16')?.encapsulation, encapsulation)
  assert.deepEqual(read('fd00:1::/64')?.encapsulation, encapsulation)
  assert.deepEqual(read('10.11.0.0/16')?.encapsulation, over6)
  route.addRoute({
    destination: '10.10.0.0/16',
    device: 'any',
    encapsulation: over6,
    metric: 5,
    replace: true,
  })
  assert.deepEqual(read('10.10.0.0/16')?.encapsulation, over6)
  route.removeRoute({ destination: '10.10.0.0/16', metric: 5 })
  assert.equal(read('10.10.0.0/16'), undefined)
})

test('a link is brought up and down, renamed, resized and deleted', (context) => {
  const { name, route } = routeIn(context)
  route.addBridge({ name: 'br0' })
  route.setLink('br0', { up: true, mtu: 1300 })
  assert.ok(ipJson(name, 'link', 'show', 'br0')[0].flags.includes('UP'))
  assert.ok(route.link('br0').up)
  route.setLink(route.link('br0').index, { up: false })
  route.setLink('br0', { name: 'br1', mac: '02:00:00:00:00:07' })
  const link = route.link('br1')
  assert.deepEqual([link.up, link.mtu, link.mac], [false, 1300, '02:00:00:00:00:07'])
  route.deleteLink('br1')
  assert.deepEqual(
    route.links().map(({ name }) => name),
    ['lo'],
  )
})

test('addresses are added, listed and removed; one without prefix route makes no route', (context) => {
  const { name, route } = routeIn(context)
  route.setLink('lo', { up: true })
  route.addAddress('lo', '10.9.0.1/24', { noPrefixRoute: true })
  route.addAddress('lo', 'fd00::1/64', { noDuplicateDetection: true })
  const seen = ipJson(name, 'address', 'show', 'dev', 'lo')[0].addr_info
  const [ipv4] = seen.filter((info: { local: string }) => info.local === '10.9.0.1')
  assert.deepEqual([ipv4.prefixlen, ipv4.noprefixroute], [24, true])
  const listed = route.addresses('lo').map(({ address }) => address)
  assert.ok(listed.includes('10.9.0.1/24') && listed.includes('fd00::1/64') && listed.includes('127.0.0.1/8'))
  route.removeAddress('lo', '10.9.0.1/24')
  assert.ok(!route.addresses('lo').some(({ address }) => address === '10.9.0.1/24'))
})

test('routes are added many at once, and one that is refused does not keep the others away', (context) => {
  const { route } = routeIn(context)
  route.addVeth({ name: 'eth0', peer: { name: 'eth1' } })
  for (const link of ['eth0', 'eth1']) route.setLink(link, { up: true })
  route.addAddress('eth0', '10.9.0.1/24')
  const to = (third: number) => ({ destination: `10.10.${third}.0/24`, via: '10.9.0.2', metric: third })
  const far = { destination: '10.20.0.0/16', via: '10.99.0.1' }
  assert.throws(
    () => route.addRoutes([to(1), far, to(2)]),
    (error: NetlinkBatchError) => error.failures.length === 1 && error.failures[0]!.index === 1,
  )
  route.addRoutes(
    [1, 2].map((third) => ({ ...to(third), mtu: 1300 })),
    { replace: true },
  )
  const added = route.routes().filter(({ via }) => via === '10.9.0.2')
  assert.deepEqual(
    added.map(({ destination, mtu, metric }) => [destination, mtu, metric]),
    [
      ['10.10.1.0/24', 1300, 1],
      ['10.10.2.0/24', 1300, 2],
    ],
  )
})

test('a route is what iproute2 shows, is replaced only where asked, and is removed', (context) => {
  const { name, route } = routeIn(context)
  route.addVeth({ name: 'eth0', peer: { name: 'eth1' } })
  route.setLink('eth0', { up: true })
  route.setLink('eth1', { up: true })
  route.addAddress('eth0', '10.9.0.1/24')
  const wanted = { destination: '10.10.0.0/16', via: '10.9.0.2', device: 'eth0', onlink: true, mtu: 1400 }
  route.addRoute({ ...wanted, source: '10.9.0.1' })
  const [shown] = ipJson(name, 'route', 'show', '10.10.0.0/16')
  assert.deepEqual(
    [shown.gateway, shown.dev, shown.prefsrc, shown.metrics[0].mtu, shown.flags],
    ['10.9.0.2', 'eth0', '10.9.0.1', 1400, ['onlink']],
  )
  assert.throws(() => route.addRoute(wanted), { code: 'EEXIST' })
  route.addRoute({ ...wanted, mtu: 1300, replace: true })
  const found = route.routes().filter(({ destination }) => destination === '10.10.0.0/16')
  assert.deepEqual(
    found.map(({ via, mtu, onlink }) => ({ via, mtu, onlink })),
    [{ via: '10.9.0.2', mtu: 1300, onlink: true }],
  )
  route.removeRoute({ destination: '10.10.0.0/16' })
  assert.deepEqual(ipJson(name, 'route', 'show', '10.10.0.0/16'), [])
  assert.throws(() => route.removeRoute({ destination: '10.10.0.0/16' }), { code: 'ESRCH' })
})

test('a neighbour is permanent, replaced by a later one, and removed', (context) => {
  const { name, route } = routeIn(context)
  route.addVeth({ name: 'eth0', peer: { name: 'eth1' } })
  route.setLink('eth0', { up: true })
  for (const mac of ['02:00:00:00:00:01', '02:00:00:00:00:02'])
    route.addNeighbour({ address: '10.9.0.2', mac, device: 'eth0' })
  const [shown] = ipJson(name, 'neighbour', 'show', '10.9.0.2', 'dev', 'eth0')
  assert.deepEqual([shown.lladdr, shown.state], ['02:00:00:00:00:02', ['PERMANENT']])
  const listed = route.neighbours().find(({ address }) => address === '10.9.0.2')
  assert.deepEqual([listed?.mac, listed?.permanent], ['02:00:00:00:00:02', true])
  route.removeNeighbour({ address: '10.9.0.2', device: 'eth0' })
  assert.ok(!route.neighbours().some(({ address }) => address === '10.9.0.2'))
})

test("a refusal carries the errno's name, what was asked and the kernel's own words", (context) => {
  const { route } = routeIn(context)
  route.setLink('lo', { up: true })
  assert.throws(
    () => route.addRoute({ destination: '10.10.0.0/16', via: '10.77.0.1' }),
    (error) =>
      error instanceof NetlinkError &&
      error.code === 'ENETUNREACH' &&
      error.request === 'add route 10.10.0.0/16 via 10.77.0.1' &&
      error.extended === 'Nexthop has invalid gateway',
  )
  assert.throws(() => route.addVeth({ name: 'x', namespace: '/run/netns/none', peer: { name: 'y' } }), {
    code: 'ENOENT',
    message: 'cannot open network namespace /run/netns/none for link x: ENOENT',
  })
})

test('links of many datagrams are listed completely', (context) => {
  const { route } = routeIn(context)
  for (let number = 0; number < 100; number++)
    route.addVeth({ name: `a${number}`, peer: { name: `b${number}` } })
  assert.equal(new Set(route.links().map(({ name }) => name)).size, 201)
})

test('a rule sends packets with a mark to a table, as iproute2 shows it, and goes again', (context) => {
  const { name, route } = routeIn(context)
  const rule = { priority: 100, table: 22_352, mark: { value: 0x0a00, mask: 0x0e00 } }
  for (const family of [4, 6] as const) route.addRule({ ...rule, family })
  const [shown] = ipJson(name, 'rule', 'show', 'priority', '100')
  assert.deepEqual([shown.fwmark, shown.fwmask, `${shown.table}`], ['0xa00', '0xe00', '22352'])
  assert.deepEqual(
    route.rules().filter(({ table }) => table === rule.table),
    [
      { family: 4, ...rule },
      { family: 6, ...rule },
    ],
  )
  assert.throws(() => route.addRule({ ...rule, family: 4 }), { code: 'EEXIST' })
  for (const family of [4, 6] as const) route.removeRule({ ...rule, family })
  assert.deepEqual(
    route.rules().filter(({ table }) => table === rule.table),
    [],
  )
})
