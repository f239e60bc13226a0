import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Allowance } from '../../agent/policy/layout.ts'
import {
  Datapath,
  decryptedFrom,
  here,
  type Mode,
  markEncrypt,
  markUnjudged,
  markUnsettled,
  otherService,
  service,
  testDevice,
  there,
  unclaimed,
  world,
} from './datapath.ts'
import { cutShort, ethernet, ipv6, protocols, udp } from './frames.ts'
import { datagram, flags, Guarded, otherIdentity, segment } from './sessions.ts'

const asked = { source: here.pod, destination: service }
const translated = { source: here.pod, destination: there.pod }
const answered = { source: service, destination: here.pod }
/** Another device of this machine: in these tests the other pod's, from which the packet came. */
const otherDevice = 2
const toOther: Allowance = { direction: 'egress', peer: 'identity', remote: otherIdentity }
const denied = 'policy-denied'

function withServices<Made extends Datapath>(datapath: Made): Made {
  datapath.knowService(service, true)
  datapath.knowService(otherService, false)
  return datapath
}

for (const destination of [service, otherService])
  test(`what a pod sends to a service, ${destination}, waits for the address behind it`, () => {
    using datapath = withServices(new Datapath('strict'))
    const { decision, mark, passed } = datapath.run('from_pod', datagram({ ...asked, destination }, 1, 2))
    assert.deepEqual([passed, decision, mark], [true, 'from-pod/forwarded/service', markUnsettled])
  })

test('whoever is known for a pod or a node is no service, whatever is said of the address', () => {
  using datapath = new Datapath('strict')
  for (const address of [there.pod, there.underlay, unclaimed]) datapath.knowService(address, true)
  const decide = (destination: string) =>
    datapath.run('from_pod', datagram({ ...asked, destination }, 1, 2)).decision
  assert.deepEqual([there.pod, there.underlay, unclaimed].map(decide), [
    'from-pod/encrypted/protected',
    'from-pod/forwarded/not-protected',
    'from-pod/dropped/unknown-node',
  ])
})

test('to its own node a pod sends unsettled as well, in scope or not: a port of the node may lead to a pod elsewhere', () => {
  using datapath = new Datapath('strict')
  const mark = () =>
    datapath.run('from_pod', datagram({ ...asked, destination: here.underlay }, 1, 30_000)).mark
  assert.equal(mark(), markUnsettled)
  datapath.protectNode(here)
  assert.equal(mark(), markUnsettled)
})

for (const program of ['to_peer', 'to_overlay'] as const) {
  test(`${program}: translated to a pod of another node it is marked for encryption, and told under that pod's address`, () => {
    using datapath = withServices(new Datapath('strict'))
    const { decision, mark, events, passed } = datapath.run(
      program,
      datagram(translated, 1, 2),
      markUnsettled | 0x4000,
      testDevice,
    )
    assert.deepEqual(
      [passed, decision, mark],
      [true, 'from-pod/encrypted/protected', (markEncrypt | 0x4000) >>> 0],
    )
    assert.deepEqual(
      events.map((event) => [event.destination, event.destinationIdentity]),
      [[there.pod, otherIdentity]],
    )
  })

  test(`${program}: what has been settled, or was sent by no pod, is none of its business`, () => {
    using datapath = withServices(new Datapath('strict'))
    for (const mark of [0, markEncrypt, decryptedFrom(there.id)])
      assert.ok(datapath.passes(program, datagram(translated, 1, 2), mark))
  })

  test(`${program}: between pods out of scope it goes in clear, with one end in scope it does not`, () => {
    using datapath = withServices(new Datapath('strict'))
    datapath.exempt(here.pod, here.id)
    const run = () => datapath.run(program, datagram(translated, 1, 2), markUnsettled, testDevice)
    assert.equal(run().mark, markEncrypt)
    datapath.exempt(there.pod, there.id)
    const { decision, mark } = run()
    assert.deepEqual([decision, mark], ['from-pod/forwarded/out-of-scope', 0])
  })

  test(`${program}: with encryption off it goes in clear; where no node has the address, or the agent has not spoken, nowhere`, () => {
    using off = withServices(new Datapath('off'))
    const run = (datapath: Datapath, destination: string) =>
      datapath.run(program, datagram({ ...translated, destination }, 1, 2), markUnjudged, testDevice)
    const clear = run(off, there.pod)
    assert.deepEqual([clear.decision, clear.mark], ['from-pod/clear/encryption-off', 0])
    assert.equal(run(off, unclaimed).decision, 'from-pod/dropped/unknown-node')
    using unconfigured = new Datapath('unconfigured')
    assert.equal(run(unconfigured, there.pod).decision, 'from-pod/dropped/not-configured')
  })

  test(`${program}: a header that does not fit its packet does not pass`, () => {
    using datapath = new Datapath('strict')
    const { decision, passed } = datapath.run(program, cutShort(translated), markUnsettled, testDevice)
    assert.deepEqual([passed, decision], [false, 'from-pod/dropped/malformed'])
  })

  test(`${program}: IPv6 is settled alike`, () => {
    using datapath = new Datapath('strict')
    const addresses = { source: 'fd00:1::a', destination: 'fd00:2::a' }
    const frame = ethernet('ipv6', ipv6(addresses, protocols.udp, udp(9)))
    assert.equal(datapath.run(program, frame, markUnsettled, testDevice).mark, markEncrypt)
  })

  test(`${program}: an egress policy is judged by the pod behind the service`, () => {
    using datapath = withServices(new Guarded(['egress']))
    const first = datapath.send(segment(asked, 40_000, 80, flags.syn))
    assert.deepEqual([first.passed, first.mark], [true, markUnjudged])
    const settle = () =>
      datapath.run(program, segment(translated, 40_000, 8080, flags.syn), first.mark, testDevice)
    const refused = settle()
    assert.deepEqual([refused.passed, refused.decision], [false, `from-pod/dropped/${denied}`])
    assert.equal(refused.events[0]!.rule, 902)
    datapath.allow(toOther, 7)
    const allowed = settle()
    assert.deepEqual([allowed.decision, allowed.mark], ['from-pod/encrypted/protected', markEncrypt])
    assert.equal(allowed.events[0]!.rule, 7)
  })
}

test('in clear with its mark, because no program was on the route, it stops at the wire', () => {
  using datapath = withServices(new Datapath('strict'))
  const { decision } = datapath.run('to_wire', datagram(translated, 1, 2), markUnsettled, testDevice)
  assert.equal(decision, 'to-wire/dropped/clear-on-wire')
})

test('a policy about an address that is no service’s is judged by that address, and by the pod behind it as well', () => {
  using datapath = withServices(new Guarded(['egress']))
  const toWorld = { source: here.pod, destination: world }
  assert.equal(datapath.send(datagram(toWorld, 1, 2)).decision, `from-pod/dropped/${denied}`)
  assert.equal(
    datapath.send(datagram({ ...asked, destination: otherService }, 1, 2)).decision,
    `from-pod/dropped/${denied}`,
  )
  datapath.classify('egress', '0.0.0.0/0', 1)
  datapath.classify('egress', there.cidr, 0)
  datapath.allow({ direction: 'egress', peer: 'cidr', remote: 1 })
  assert.equal(datapath.send(datagram(toWorld, 1, 2)).mark, markUnsettled)
  const { decision } = datapath.run('to_peer', datagram(translated, 1, 2), markUnsettled, testDevice)
  assert.equal(decision, `from-pod/dropped/${denied}`)
})

test('translated to who is no pod it is judged at the wire, by the address it has there', () => {
  using datapath = withServices(new Guarded(['egress']))
  const toNode = datagram({ source: here.pod, destination: there.underlay }, 1, 2)
  const run = (mark: number, ingress = otherDevice) => datapath.run('to_wire', toNode, mark, ingress).decision
  datapath.isolateAt(otherDevice, ['egress'])
  assert.equal(run(markUnjudged), `to-wire/dropped/${denied}`)
  assert.equal(run(markUnsettled), 'to-wire/forwarded/not-protected', 'judged before')
  assert.equal(run(markUnjudged, 0), 'to-wire/forwarded/not-protected', 'what the node itself sends')
  datapath.classify('egress', `${there.underlay}/32`, 1)
  datapath.allow({ direction: 'egress', peer: 'cidr', remote: 1 })
  assert.equal(run(markUnjudged), 'to-wire/forwarded/not-protected')
})

test('translated to a pod of the same node the sender’s policy is judged at that pod; a pod may talk to itself', () => {
  using datapath = withServices(new Guarded([]))
  const sender = { source: here.other, destination: here.pod }
  const run = (ingress: number) =>
    datapath.run('to_pod', datagram(sender, 1, 2), markUnjudged, ingress).decision
  assert.equal(run(otherDevice), `to-pod/dropped/${denied}`, 'a device that nothing is known about')
  datapath.isolateAt(otherDevice, ['egress'])
  assert.equal(run(otherDevice), `to-pod/dropped/${denied}`)
  datapath.allow({ direction: 'egress', peer: 'identity', remote: 101 })
  assert.equal(run(otherDevice), 'to-pod/forwarded/same-node')
  datapath.isolateAt(otherDevice, ['egress'], 3)
  assert.equal(run(testDevice), 'to-pod/forwarded/same-node', 'itself')
  assert.equal(run(0), 'to-pod/forwarded/same-node', 'the node’s own answer')
  const masqueraded = datagram({ ...sender, source: here.underlay }, 1, 2)
  assert.equal(
    datapath.run('to_pod', masqueraded, markUnsettled, otherDevice).decision,
    `to-pod/dropped/${denied}`,
    'under the node’s address',
  )
})

test('an answer under the service’s address reaches the pod that asked, isolated or not, and is told as decrypted', () => {
  using datapath = withServices(new Guarded(['egress', 'ingress']))
  assert.equal(datapath.receive(datagram(answered, 80, 40_000)).decision, `to-pod/dropped/${denied}`)
  datapath.send(datagram(asked, 40_000, 80))
  const { passed, decision } = datapath.receive(datagram(answered, 80, 40_000))
  assert.deepEqual([passed, decision], [true, 'to-pod/decrypted/protected'])
  datapath.isolate(['egress', 'ingress'], 2)
  assert.ok(datapath.receive(datagram(answered, 80, 40_000)).passed, 'also under policies that came since')
  assert.equal(datapath.receive(datagram(answered, 81, 40_000)).passed, false, 'nobody else')
})

test('VXLAN that a pod sent to a service is not taken for the nodes’ own where a node is behind it', () => {
  using datapath = new Datapath('strict', { overlay: true })
  datapath.protectNode(here)
  const frame = (port: number) => datagram({ source: there.pod, destination: here.underlay }, 1, port)
  const decide = (port: number) => datapath.run('from_wire', frame(port), decryptedFrom(there.id)).decision
  assert.deepEqual([4789, 4790].map(decide), [
    'from-wire/dropped/spoofed-source',
    'from-wire/decrypted/protected',
  ])
})

for (const mode of ['strict', 'permissive', 'off'] as Mode[])
  test(`${mode}: under a service's address nothing comes from the wire`, () => {
    using datapath = withServices(new Datapath(mode))
    for (const source of [service, otherService])
      for (const destination of [here.pod, here.underlay]) {
        const { passed, decision } = datapath.run('from_wire', datagram({ source, destination }, 80, 40_000))
        assert.deepEqual([passed, decision], [false, 'from-wire/dropped/spoofed-source'])
      }
    const { decision } = datapath.run('from_wire', datagram(answered, 80, 40_000), decryptedFrom(there.id))
    assert.equal(decision, 'from-wire/dropped/wrong-node')
    assert.equal(
      datapath.run('from_overlay', datagram(answered, 80, 40_000)).decision,
      'from-wire/dropped/spoofed-source',
    )
  })
