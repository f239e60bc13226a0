import assert from 'node:assert/strict'
import { test } from 'node:test'
import { here, there } from './datapath.ts'
import { ethernet, ipv4, ipv6, ipv6Fragment, protocols, udp } from './frames.ts'
import { back, datagram, Guarded, otherIdentity, out } from './sessions.ts'

const toPort = {
  direction: 'egress',
  peer: 'identity',
  remote: otherIdentity,
  protocol: protocols.udp,
  ports: { port: 53, length: 16 },
} as const
const payload = Buffer.alloc(1480)

const first = (id: number, port = 53, addresses = out) =>
  ethernet('ipv4', ipv4(addresses, protocols.udp, udp(port, payload), { datagram: id, moreFragments: true }))
const later = (id: number, addresses = out) =>
  ethernet('ipv4', ipv4(addresses, protocols.udp, payload, { datagram: id, fragmentOffset: 1480 }))

function guarded(): Guarded {
  const datapath = new Guarded(['ingress', 'egress'])
  datapath.allow(toPort)
  return datapath
}

test('a later fragment passes behind its first, and only behind it', () => {
  using datapath = guarded()
  assert.equal(datapath.send(later(1)).decision, 'from-pod/dropped/policy-denied')
  assert.equal(datapath.send(first(1)).passed, true)
  assert.equal(datapath.send(later(1)).passed, true)
  assert.equal(datapath.send(later(2)).passed, false)
  assert.equal(datapath.send(later(1, { ...out, destination: there.other })).passed, false)
})

test('a first fragment that is denied lets no later one pass', () => {
  using datapath = guarded()
  assert.equal(datapath.send(first(1, 54)).passed, false)
  assert.equal(datapath.send(later(1)).passed, false)
})

test('a datagram is waited for half a minute, and a change of policy ends it', () => {
  using datapath = guarded()
  datapath.send(first(1))
  datapath.ageFragments(25)
  assert.equal(datapath.send(later(1)).passed, true)
  datapath.ageFragments(10)
  assert.equal(datapath.send(later(1)).passed, false)
  datapath.send(first(2))
  datapath.isolate(['ingress', 'egress'], 2)
  assert.equal(datapath.send(later(2)).passed, false)
})

test('fragments of a reply pass', () => {
  using datapath = guarded()
  assert.equal(datapath.receive(later(9, back)).passed, false)
  datapath.send(datagram(out, 40_000, 53))
  const header = Buffer.alloc(8)
  header.writeUInt16BE(53, 0)
  header.writeUInt16BE(40_000, 2)
  const reply = ipv4(back, protocols.udp, Buffer.concat([header, payload]), {
    datagram: 9,
    moreFragments: true,
  })
  assert.equal(datapath.receive(ethernet('ipv4', reply)).passed, true)
  assert.equal(datapath.receive(later(9, back)).passed, true)
})

test('where every port is allowed, a fragment needs no first one', () => {
  using datapath = new Guarded(['egress'])
  datapath.allow({ direction: 'egress', peer: 'identity', remote: otherIdentity, protocol: protocols.udp })
  assert.equal(datapath.send(later(1)).passed, true)
})

test('fragments of IPv6 are told by their fragment header', () => {
  using datapath = new Guarded(['egress'])
  datapath.know('fd00:2::a', there.id, true, otherIdentity)
  datapath.know('fd00:1::a', here.id, true, 101)
  datapath.allow(toPort)
  const frame = (part: Buffer, place: Parameters<typeof ipv6Fragment>[2]) =>
    ethernet(
      'ipv6',
      ipv6(
        { source: 'fd00:1::a', destination: 'fd00:2::a' },
        protocols.fragment,
        ipv6Fragment(protocols.udp, part, place),
      ),
    )
  const rest = frame(payload, { datagram: 70_000, fragmentOffset: 1480 })
  assert.equal(datapath.send(rest).passed, false)
  assert.equal(datapath.send(frame(udp(53, payload), { datagram: 70_000, moreFragments: true })).passed, true)
  assert.equal(datapath.send(rest).passed, true)
  assert.equal(datapath.send(frame(payload, { datagram: 70_001, fragmentOffset: 1480 })).passed, false)
  const whole = frame(udp(54), { datagram: 70_002 })
  assert.equal(datapath.send(whole).passed, false, 'a datagram in one fragment has its ports')
})
