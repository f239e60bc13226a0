import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Datapath, decryptedFrom, here, type Mode, there, third, world } from './datapath.ts'
import { datagram, ethernet, icmp, ipv4, protocols, udp, vxlan } from './frames.ts'

// Packets between pods go in VXLAN on its assigned port, from node to node.
const port = 4789
const overlay = { overlay: true }
const leaving = { source: here.underlay, destination: there.underlay }
const arriving = { source: there.underlay, destination: here.underlay }
const forth = { source: here.pod, destination: there.pod }
const back = { source: there.pod, destination: here.pod }
const modes = ['strict', 'permissive', 'off', 'unconfigured'] as const satisfies readonly Mode[]

type Fragment = Parameters<typeof ipv4>[3]

function carried(nodes: typeof leaving, inner: Buffer, fragment?: Fragment): Buffer {
  return ethernet('ipv4', ipv4(nodes, protocols.udp, vxlan(inner, port), fragment))
}

/** What becomes of cleartext in each mode, and what the datapath calls it. */
function spoken(mode: Mode, strict: string, permissive: string): readonly [boolean, string] {
  if (mode === 'strict') return [false, strict]
  return [true, mode === 'off' ? strict.replace(/dropped.*/, 'clear/encryption-off') : permissive]
}

const quoted = ethernet(
  'ipv4',
  ipv4(
    { source: here.underlay, destination: there.pod },
    protocols.icmp,
    icmp(3, ipv4(back, protocols.udp, udp(9))),
  ),
)

for (const mode of modes.filter((each) => each !== 'unconfigured')) {
  const leaves = spoken(mode, 'to-wire/dropped/clear-on-wire', 'to-wire/clear/clear-on-wire')
  for (const [what, inner] of Object.entries({
    'a packet between pods': datagram(forth),
    "a node's ICMP error that quotes a pod's packet": quoted,
    "a node's own packet to a pod": datagram({ source: here.underlay, destination: there.pod }),
    'a packet of a pod to the world': datagram({ source: here.pod, destination: world }),
  }))
    test(`${mode}: VXLAN with ${what}, still in clear, is ${leaves[1]}`, () => {
      using datapath = new Datapath(mode, overlay)
      const { passed, decision } = datapath.run('to_wire', carried(leaving, inner))
      assert.deepEqual([passed, decision], leaves)
    })

  const arrives = spoken(mode, 'from-wire/dropped/clear-from-wire', 'from-wire/clear/clear-from-wire')
  for (const [what, inner] of Object.entries({
    'a packet between pods': datagram(back),
    'a packet from nobody known to a pod': datagram({ source: world, destination: here.pod }),
    "a node's packet to a pod": datagram({ source: there.underlay, destination: here.pod }),
  }))
    test(`${mode}: VXLAN that arrives in clear with ${what} is ${arrives[1]}`, () => {
      using datapath = new Datapath(mode, overlay)
      const { passed, decision } = datapath.run('from_wire', carried(arriving, inner))
      assert.deepEqual([passed, decision], arrives)
    })
}

test("what carries no pod, without an overlay, is nobody's: one pod alone, or no IP, passes", () => {
  using datapath = new Datapath('strict')
  for (const inner of [quoted, ethernet('arp', Buffer.alloc(46))])
    assert.equal(datapath.run('to_wire', carried(leaving, inner)).passed, true)
})

test('VXLAN between nodes that carries no IP passes neither way', () => {
  using datapath = new Datapath('strict', overlay)
  const arp = ethernet('arp', Buffer.alloc(46))
  assert.equal(datapath.run('to_wire', carried(leaving, arp)).decision, 'to-wire/dropped/malformed')
  assert.equal(datapath.run('from_wire', carried(arriving, arp)).decision, 'from-wire/dropped/malformed')
})

test('VXLAN of others is left alone', () => {
  using datapath = new Datapath('strict', overlay)
  const arp = ethernet('arp', Buffer.alloc(46))
  const elsewhere = { source: here.underlay, destination: world }
  assert.equal(datapath.run('to_wire', carried(elsewhere, arp)).decision, 'to-wire/forwarded/not-protected')
})

test('two pods out of scope go in VXLAN in clear, and as soon as one is in scope they do not', () => {
  using datapath = new Datapath('strict', overlay)
  datapath.exempt(here.pod, here.id)
  const run = () => [
    datapath.run('to_wire', carried(leaving, datagram(forth))).decision,
    datapath.run('from_wire', carried(arriving, datagram(back))).decision,
  ]
  assert.deepEqual(run(), ['to-wire/dropped/clear-on-wire', 'from-wire/dropped/clear-from-wire'])
  datapath.exempt(there.pod, there.id)
  assert.deepEqual(run(), ['to-wire/forwarded/out-of-scope', 'from-wire/forwarded/out-of-scope'])
  assert.ok(datapath.passes('from_overlay', datagram(back)))
})

test('decrypted VXLAN passes when the node that sealed it has the source, is told by what it carries, and keeps its mark', () => {
  using datapath = new Datapath('strict', overlay)
  const mark = decryptedFrom(there.id)
  const outcome = datapath.run('from_wire', carried(arriving, datagram(back)), mark)
  assert.deepEqual(
    [outcome.passed, outcome.decision, outcome.mark],
    [true, 'from-wire/decrypted/protected', mark],
  )
  assert.deepEqual(
    outcome.events.map(({ source, destination }) => [source, destination]),
    [[there.pod, here.pod]],
  )
})

for (const mode of ['strict', 'permissive', 'off'] as const)
  for (const [what, nodes, inner, sealer] of [
    ["another node's pod as the source", arriving, { ...back, source: third.pod }, there.id],
    ["this node's pod as the source", arriving, { ...back, source: here.other }, there.id],
    ['nobody known as the source', arriving, { ...back, source: world }, there.id],
    ['a node as the source', arriving, { ...back, source: there.underlay }, there.id],
    ['a pod elsewhere as the destination', arriving, { ...back, destination: third.pod }, there.id],
    ['a node as the destination', arriving, { ...back, destination: here.underlay }, there.id],
    ["another node's key", arriving, back, third.id],
    ["a carrier of another's", { ...arriving, source: here.underlay }, back, there.id],
  ] as const)
    test(`${mode}: decrypted VXLAN with ${what} is dropped`, () => {
      using datapath = new Datapath(mode, overlay)
      const { passed, decision } = datapath.run(
        'from_wire',
        carried(nodes, datagram(inner)),
        decryptedFrom(sealer),
      )
      assert.deepEqual([passed, decision], [false, 'from-wire/dropped/wrong-node'])
    })

test('decrypted VXLAN passes neither in fragments nor without IP inside', () => {
  using datapath = new Datapath('strict', overlay)
  const mark = decryptedFrom(there.id)
  for (const frame of [
    carried(arriving, datagram(back), { moreFragments: true }),
    carried(arriving, ethernet('arp', Buffer.alloc(46))),
  ])
    assert.equal(datapath.run('from_wire', frame, mark).decision, 'from-wire/dropped/malformed')
  const later = carried(arriving, datagram(back), { fragmentOffset: 64 })
  assert.equal(datapath.run('from_wire', later, mark).decision, 'from-wire/dropped/wrong-node')
})

test('without an overlay decrypted VXLAN is what any packet of a node is', () => {
  using datapath = new Datapath('strict')
  const { decision } = datapath.run('from_wire', carried(arriving, datagram(back)), decryptedFrom(there.id))
  assert.equal(decision, 'from-wire/dropped/wrong-node')
})

test('out of the device comes what was decrypted; what was not is judged as on the wire, and needs IP', () => {
  const strict = 'from-wire/dropped/clear-from-wire'
  using datapath = new Datapath('strict', overlay)
  assert.ok(datapath.passes('from_overlay', datagram(back), decryptedFrom(there.id)))
  assert.equal(datapath.run('from_overlay', datagram(back)).decision, strict)
  assert.equal(datapath.run('from_overlay', datagram({ ...back, source: world })).decision, strict)
  for (const destination of [world, there.pod, here.underlay]) {
    const { decision } = datapath.run('from_overlay', datagram({ source: world, destination }))
    assert.equal(decision, 'from-wire/dropped/wrong-node')
  }
  const arp = ethernet('arp', Buffer.alloc(46))
  assert.equal(datapath.run('from_overlay', arp).decision, 'from-wire/dropped/malformed')
  for (const mode of ['permissive', 'off'] as const) {
    using open = new Datapath(mode, overlay)
    assert.ok(open.passes('from_overlay', datagram(back)))
  }
})

test('before there is a configuration nothing in clear comes out of the device', () => {
  using datapath = new Datapath('unconfigured')
  assert.equal(datapath.run('from_overlay', datagram(back)).decision, 'from-wire/dropped/not-configured')
})

test('no pod speaks VXLAN to a node, also not in fragments; with another pod it may', () => {
  using datapath = new Datapath('strict', overlay)
  datapath.placePod(here.pod)
  const spoofed = 'from-pod/dropped/spoofed-source'
  for (const destination of [here.underlay, there.underlay])
    for (const fragment of [undefined, { moreFragments: true }]) {
      const frame = carried({ source: here.pod, destination }, datagram(back), fragment)
      assert.equal(datapath.run('from_pod', frame).decision, spoofed)
    }
  const toPod = carried(forth, datagram({ source: '172.16.0.1', destination: '172.16.0.2' }))
  assert.equal(datapath.run('from_pod', toPod).decision, 'from-pod/encrypted/protected')
  using native = new Datapath('strict')
  native.placePod(here.pod)
  const toNode = carried({ source: here.pod, destination: here.underlay }, datagram(back))
  assert.equal(native.run('from_pod', toNode).decision, 'from-pod/forwarded/not-protected')
})
