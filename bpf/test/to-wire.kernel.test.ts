import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Datapath, here, type Mode, there, world } from './datapath.ts'
import { cutShort, datagram, ethernet, icmp, ipv4, ipv6, protocols, tcp, udp, vlan, vxlan } from './frames.ts'

const across = { source: here.pod, destination: there.pod }
const nodes = { source: here.underlay, destination: there.underlay }
const inner = ipv4(across, protocols.tcp, tcp(80))

const outcomes: Record<Mode, readonly [boolean, string]> = {
  strict: [false, 'to-wire/dropped/clear-on-wire'],
  permissive: [true, 'to-wire/clear/clear-on-wire'],
  off: [true, 'to-wire/clear/encryption-off'],
  unconfigured: [false, 'to-wire/dropped/not-configured'],
}

const leaks: Record<string, Buffer> = {
  'a packet between pods': datagram(across),
  'a packet between pods behind a VLAN tag': vlan('ipv4', ipv4(across, protocols.udp, udp(9))),
  'a later fragment': ethernet('ipv4', ipv4(across, protocols.udp, udp(9), { fragmentOffset: 1480 })),
  'a packet with protocol 50 that a pod made': ethernet(
    'ipv4',
    ipv4(across, protocols.esp, Buffer.alloc(40)),
  ),
  'a packet to port 4500 that a pod made': datagram(across, 4500),
  'an IPv6 packet between pods': ethernet(
    'ipv6',
    ipv6({ source: 'fd00:1::a', destination: 'fd00:2::a' }, protocols.tcp, tcp(80)),
  ),
  'a packet between pods in VXLAN': ethernet(
    'ipv4',
    ipv4(nodes, protocols.udp, vxlan(ethernet('ipv4', inner))),
  ),
  'a packet between pods in VXLAN on the assigned port': ethernet(
    'ipv4',
    ipv4(nodes, protocols.udp, vxlan(ethernet('ipv4', inner), 4789)),
  ),
  'a packet between pods in IP in IP': ethernet('ipv4', ipv4(nodes, protocols.ipip, inner)),
  'an ICMP error that quotes a packet between pods': ethernet(
    'ipv4',
    ipv4({ source: here.underlay, destination: there.pod }, protocols.icmp, icmp(3, inner)),
  ),
}

for (const [what, frame] of Object.entries(leaks)) {
  for (const mode of Object.keys(outcomes) as Mode[]) {
    test(`${mode}: ${what}, still in clear, is ${outcomes[mode][1]}`, () => {
      using datapath = new Datapath(mode)
      const { passed, decision } = datapath.run('to_wire', frame)
      assert.deepEqual([passed, decision], outcomes[mode])
    })
  }
}

test('a leak inside a tunnel is reported by its inner addresses', () => {
  using datapath = new Datapath('strict')
  const { events } = datapath.run('to_wire', leaks['a packet between pods in VXLAN']!)
  assert.deepEqual(
    events.map((event) => [
      event.source,
      event.destination,
      event.destinationPort,
      event.destinationIdentity,
    ]),
    [[here.pod, there.pod, 80, 202]],
  )
})

test('ESP between nodes passes as encrypted, also in UDP', () => {
  using datapath = new Datapath('strict')
  for (const frame of [
    ethernet('ipv4', ipv4(nodes, protocols.esp, Buffer.alloc(80))),
    datagram(nodes, 4500),
  ]) {
    const { passed, decision } = datapath.run('to_wire', frame)
    assert.deepEqual([passed, decision], [true, 'to-wire/encrypted/protected'])
  }
})

const harmless: Record<string, Buffer> = {
  ARP: ethernet('arp', Buffer.alloc(46)),
  'a packet between nodes': datagram(nodes),
  'a packet of a pod to the world': datagram({ source: here.pod, destination: world }),
  'a packet of the node to a pod elsewhere': datagram({ source: here.underlay, destination: there.pod }),
  'VXLAN that carries no pods': ethernet(
    'ipv4',
    ipv4(nodes, protocols.udp, vxlan(datagram({ source: '172.16.0.1', destination: '172.16.0.2' }))),
  ),
  'the same bytes as VXLAN on another port': ethernet(
    'ipv4',
    ipv4(nodes, protocols.udp, vxlan(ethernet('ipv4', inner), 5000)),
  ),
  'an echo whose payload looks like a packet': ethernet('ipv4', ipv4(nodes, protocols.icmp, icmp(8, inner))),
}

for (const [what, frame] of Object.entries(harmless)) {
  test(`${what} passes as not protected, even in strict mode`, () => {
    using datapath = new Datapath('strict')
    const { passed, decision } = datapath.run('to_wire', frame)
    assert.deepEqual([passed, decision], [true, 'to-wire/forwarded/not-protected'])
  })
}

test('a header that does not fit its packet does not pass', () => {
  using datapath = new Datapath('strict')
  const { passed, decision } = datapath.run('to_wire', cutShort(nodes))
  assert.deepEqual([passed, decision], [false, 'to-wire/dropped/malformed'])
})

test('an address is known as well where there was no room for it among the single ones', () => {
  using datapath = new Datapath('strict', { mapSizes: { hosts: 1 } })
  assert.equal(datapath.object.map('hosts').maxEntries, 1)
  const outside = '198.51.100.7'
  assert.equal(datapath.run('to_wire', datagram({ ...across, destination: outside })).passed, true)
  datapath.know(outside, there.id, true)
  const decision = 'to-wire/dropped/clear-on-wire'
  assert.equal(datapath.run('to_wire', datagram({ ...across, destination: outside })).decision, decision)
  datapath.forget(outside)
  assert.equal(datapath.run('to_wire', datagram({ ...across, destination: outside })).passed, true)
})
