import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  Datapath,
  decryptedFrom,
  here,
  markEncrypt,
  markUnsettled,
  there,
  unclaimed,
  world,
} from './datapath.ts'
import { cutShort, datagram, ethernet, icmp, ipv4, ipv6, protocols, udp, vlan } from './frames.ts'

const across = { source: here.pod, destination: there.pod }

test('a packet to a pod of another node is marked for encryption to that node', () => {
  using datapath = new Datapath('strict')
  const { passed, decision, mark } = datapath.run('from_pod', datagram(across))
  assert.deepEqual([passed, decision, mark], [true, 'from-pod/encrypted/protected', markEncrypt])
})

test('an address of another node is protected before a pod is known to have it', () => {
  using datapath = new Datapath('strict')
  const { mark } = datapath.run('from_pod', datagram({ ...across, destination: there.other }))
  assert.equal(mark, markEncrypt)
})

for (const mode of ['strict', 'permissive', 'off'] as const)
  test(`${mode}: a packet to an address in the range of pods that no node has claimed is held back`, () => {
    using datapath = new Datapath(mode)
    const { passed, decision } = datapath.run('from_pod', datagram({ ...across, destination: unclaimed }))
    assert.deepEqual([passed, decision], [false, 'from-pod/dropped/unknown-node'])
    datapath.know(unclaimed, there.id, true)
    assert.equal(datapath.run('from_pod', datagram({ ...across, destination: unclaimed })).passed, true)
  })

test('a packet within the node is forwarded without a mark', () => {
  using datapath = new Datapath('strict')
  const { passed, decision, mark } = datapath.run(
    'from_pod',
    datagram({ ...across, destination: here.other }),
  )
  assert.deepEqual([passed, decision, mark], [true, 'from-pod/forwarded/same-node', 0])
})

for (const destination of [world, there.underlay]) {
  test(`a packet to ${destination}, no pod, is forwarded unsettled: netfilter may have another address for it`, () => {
    using datapath = new Datapath('strict')
    const { passed, decision, mark } = datapath.run('from_pod', datagram({ ...across, destination }))
    assert.deepEqual([passed, decision, mark], [true, 'from-pod/forwarded/not-protected', markUnsettled])
  })
}

test('with encryption off the packet goes in clear, and is called so', () => {
  using datapath = new Datapath('off')
  const { passed, decision, mark } = datapath.run('from_pod', datagram(across))
  assert.deepEqual([passed, decision, mark], [true, 'from-pod/clear/encryption-off', 0])
})

test('no mark comes out of a pod but the one given here; foreign bits of it stay', () => {
  using datapath = new Datapath('strict')
  const forged = decryptedFrom(there.id) | 0x4000
  assert.equal(
    datapath.run('from_pod', datagram({ ...across, destination: here.other }), forged).mark,
    0x4000,
  )
  assert.equal(datapath.run('from_pod', datagram(across), forged).mark, markEncrypt | 0x4000)
})

for (const mode of ['strict', 'permissive', 'off'] as const) {
  test(`${mode}: a source of another node is spoofed`, () => {
    using datapath = new Datapath(mode)
    const { passed, decision } = datapath.run(
      'from_pod',
      datagram({ source: there.other, destination: there.pod }),
    )
    assert.deepEqual([passed, decision], [false, 'from-pod/dropped/spoofed-source'])
  })

  test(`${mode}: a source that is no pod's is spoofed`, () => {
    using datapath = new Datapath(mode)
    const { passed, decision } = datapath.run(
      'from_pod',
      datagram({ source: here.underlay, destination: there.pod }),
    )
    assert.deepEqual([passed, decision], [false, 'from-pod/dropped/spoofed-source'])
  })

  test(`${mode}: the source of another pod on the node is spoofed once the device's pod is known`, () => {
    using datapath = new Datapath(mode)
    const neighbour = datagram({ ...across, source: here.other })
    assert.equal(datapath.run('from_pod', neighbour).passed, true)
    datapath.placePod(here.pod)
    const { passed, decision } = datapath.run('from_pod', neighbour)
    assert.deepEqual([passed, decision], [false, 'from-pod/dropped/spoofed-source'])
    assert.equal(datapath.run('from_pod', datagram(across)).passed, true)
  })
}

test('a pod of both families sends from either of its addresses, and from no other', () => {
  using datapath = new Datapath('strict')
  datapath.placePod(here.pod, 'fd00:1::a')
  const six = (source: string) =>
    ethernet('ipv6', ipv6({ source, destination: 'fd00:2::a' }, protocols.udp, udp(9)))
  assert.equal(datapath.run('from_pod', datagram(across)).passed, true)
  assert.equal(datapath.run('from_pod', six('fd00:1::a')).passed, true)
  assert.equal(datapath.run('from_pod', six('fd00:1::b')).decision, 'from-pod/dropped/spoofed-source')
})

test('later fragments, IP options and VLAN tags hide no address', () => {
  using datapath = new Datapath('strict')
  const payload = udp(9)
  for (const frame of [
    ethernet('ipv4', ipv4(across, protocols.udp, payload, { fragmentOffset: 1480 })),
    ethernet('ipv4', ipv4(across, protocols.udp, payload, { optionWords: 10 })),
    vlan('ipv4', ipv4(across, protocols.udp, payload)),
  ])
    assert.equal(datapath.run('from_pod', frame).mark, markEncrypt)
})

test('IPv6 is looked up as well', () => {
  using datapath = new Datapath('strict')
  const frame = (destination: string) =>
    ethernet('ipv6', ipv6({ source: 'fd00:1::a', destination }, protocols.udp, udp(9)))
  assert.equal(datapath.run('from_pod', frame('fd00:2::a')).mark, markEncrypt)
  assert.equal(datapath.run('from_pod', frame('fd00:9::a')).decision, 'from-pod/forwarded/not-protected')
})

test('IPv6 that no router forwards is not taken for spoofed', () => {
  using datapath = new Datapath('strict')
  datapath.placePod(here.pod)
  for (const source of ['fe80::1', '::']) {
    const solicitation = ethernet(
      'ipv6',
      ipv6({ source, destination: 'ff02::2' }, protocols.icmp6, icmp(133)),
    )
    assert.equal(datapath.run('from_pod', solicitation).decision, 'from-pod/forwarded/not-protected')
  }
  const global = ethernet(
    'ipv6',
    ipv6({ source: 'fd00:2::a', destination: 'ff02::2' }, protocols.icmp6, icmp(133)),
  )
  assert.equal(datapath.run('from_pod', global).decision, 'from-pod/dropped/spoofed-source')
})

test('ARP and what is no IP pass, unprotected; a header that does not fit its packet does not', () => {
  using datapath = new Datapath('strict')
  for (const type of ['arp', 'lldp'] as const)
    assert.equal(
      datapath.run('from_pod', ethernet(type, Buffer.alloc(46))).decision,
      'from-pod/forwarded/not-protected',
    )
  const cut = datapath.run('from_pod', cutShort(across))
  assert.deepEqual([cut.passed, cut.decision], [false, 'from-pod/dropped/malformed'])
})

test('until the agent has spoken nothing leaves a pod but ARP', () => {
  using datapath = new Datapath('unconfigured')
  for (const destination of [there.pod, here.other, world]) {
    const { passed, decision } = datapath.run('from_pod', datagram({ ...across, destination }))
    assert.deepEqual([passed, decision], [false, 'from-pod/dropped/not-configured'])
  }
  assert.equal(datapath.run('from_pod', ethernet('lldp', Buffer.alloc(46))).passed, false)
  assert.equal(datapath.run('from_pod', ethernet('arp', Buffer.alloc(46))).passed, true)
  datapath.configure('strict')
  assert.equal(datapath.run('from_pod', datagram(across)).passed, true)
})
