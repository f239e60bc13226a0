import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Datapath, decryptedFrom, here, type Mode, there, third, world } from './datapath.ts'
import { cutShort, datagram, ethernet, icmp, ipv4, protocols, udp, vxlan } from './frames.ts'

const across = { source: there.pod, destination: here.pod }
const nodes = { source: there.underlay, destination: here.underlay }

test('ESP between nodes passes as encrypted', () => {
  using datapath = new Datapath('strict')
  const { passed, decision } = datapath.run(
    'from_wire',
    ethernet('ipv4', ipv4(nodes, protocols.esp, Buffer.alloc(80))),
  )
  assert.deepEqual([passed, decision], [true, 'from-wire/encrypted/protected'])
})

test('what the SA of a node opened passes when that node has the source, and keeps its mark', () => {
  using datapath = new Datapath('strict')
  const { passed, decision, mark } = datapath.run('from_wire', datagram(across), decryptedFrom(there.id))
  assert.deepEqual([passed, decision, mark], [true, 'from-wire/decrypted/protected', decryptedFrom(there.id)])
})

for (const mode of ['strict', 'permissive', 'off'] as const) {
  for (const [what, addresses] of Object.entries({
    "the source is another node's pod": { ...across, source: third.pod },
    "the source is this node's pod": { ...across, source: here.other },
    'the source is no pod': { ...across, source: world },
    'the destination is elsewhere': { ...across, destination: third.pod },
    'the destination is this node, no pod': { ...across, destination: here.underlay },
  })) {
    test(`${mode}: what the SA of a node opened is dropped when ${what}`, () => {
      using datapath = new Datapath(mode)
      const { passed, decision } = datapath.run('from_wire', datagram(addresses), decryptedFrom(there.id))
      assert.deepEqual([passed, decision], [false, 'from-wire/dropped/wrong-node'])
    })
  }
}

test('a mark of node 0 opens nothing', () => {
  using datapath = new Datapath('strict')
  const { passed } = datapath.run('from_wire', datagram({ ...across, source: world }), decryptedFrom(0))
  assert.equal(passed, false)
})

const outcomes: Record<Mode, readonly [boolean, string]> = {
  strict: [false, 'from-wire/dropped/clear-from-wire'],
  permissive: [true, 'from-wire/clear/clear-from-wire'],
  off: [true, 'from-wire/clear/encryption-off'],
  unconfigured: [false, 'from-wire/dropped/not-configured'],
}

const intruders: Record<string, Buffer> = {
  "another node's pod to a pod here": datagram(across),
  "this node's pod, from outside": datagram({ ...across, source: here.other }),
  "another node's pod to this node": datagram({ ...across, destination: here.underlay }),
  'protocol 50 between pods': ethernet('ipv4', ipv4(across, protocols.esp, Buffer.alloc(80))),
  'an address nobody knows, to a pod': datagram({ ...across, source: world }),
  'VXLAN with a packet between pods': ethernet('ipv4', ipv4(nodes, protocols.udp, vxlan(datagram(across)))),
  'an ICMP error that quotes a packet between pods': ethernet(
    'ipv4',
    ipv4(
      { source: there.underlay, destination: here.pod },
      protocols.icmp,
      icmp(11, ipv4({ source: here.pod, destination: there.pod }, protocols.udp, udp(9))),
    ),
  ),
}

for (const [what, frame] of Object.entries(intruders)) {
  for (const mode of Object.keys(outcomes) as Mode[]) {
    test(`${mode}: in clear from the wire, ${what}: ${outcomes[mode][1]}`, () => {
      using datapath = new Datapath(mode)
      const { passed, decision } = datapath.run('from_wire', frame)
      assert.deepEqual([passed, decision], outcomes[mode])
    })
  }
}

test('the mark for encryption is not the mark of decryption', () => {
  using datapath = new Datapath('strict')
  const { decision } = datapath.run('from_wire', datagram(across), 0x0e00 | (there.id << 16))
  assert.equal(decision, 'from-wire/dropped/clear-from-wire')
})

test('an address the agent calls known and not protected may reach a pod in clear', () => {
  using datapath = new Datapath('strict')
  const fromNode = datapath.run('from_wire', datagram({ ...across, source: there.underlay }))
  assert.equal(fromNode.decision, 'from-wire/forwarded/not-protected')
  const fromWorld = datagram({ ...across, source: world })
  assert.equal(datapath.run('from_wire', fromWorld).passed, false)
  datapath.know('0.0.0.0/0', 0, false)
  assert.equal(datapath.run('from_wire', fromWorld).decision, 'from-wire/forwarded/not-protected')
})

test('ARP and packets between nodes pass; a header that does not fit its packet does not', () => {
  using datapath = new Datapath('strict')
  for (const frame of [
    ethernet('arp', Buffer.alloc(46)),
    datagram(nodes),
    datagram({ ...nodes, source: world }),
  ])
    assert.equal(datapath.run('from_wire', frame).decision, 'from-wire/forwarded/not-protected')
  const cut = datapath.run('from_wire', cutShort(nodes))
  assert.deepEqual([cut.passed, cut.decision], [false, 'from-wire/dropped/malformed'])
})
