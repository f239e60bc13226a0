import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Allowance } from '../../agent/policy/layout.ts'
import { here, markEncrypt, there, world } from './datapath.ts'
import { ethernet, icmp, ipv6, protocols } from './frames.ts'
import { back, datagram, echo, flags, Guarded, otherIdentity, out, segment } from './sessions.ts'

const denied = { egress: 'from-pod/dropped/policy-denied', ingress: 'to-pod/dropped/policy-denied' }
const toWeb: Allowance = {
  direction: 'egress',
  peer: 'identity',
  remote: otherIdentity,
  protocol: protocols.tcp,
  ports: { port: 80, length: 16 },
}
const fromOther: Allowance = { ...toWeb, direction: 'ingress' }
const anything: Allowance = { direction: 'egress', peer: 'anyone', remote: 0 }

test('a pod that no policy isolates sends and receives', () => {
  using datapath = new Guarded([])
  assert.equal(datapath.send(datagram(out, 1, 2)).decision, 'from-pod/encrypted/protected')
  assert.equal(datapath.receive(datagram(back, 3, 4)).decision, 'to-pod/decrypted/protected')
})

test('a device the agent has said nothing about is denied both ways', () => {
  using datapath = new Guarded([])
  for (const [key] of [...datapath.object.map('pod_policies').entries()])
    datapath.object.map('pod_policies').delete(key)
  assert.equal(datapath.send(datagram(out, 1, 2)).decision, denied.egress)
  assert.equal(datapath.receive(datagram(back, 3, 4)).decision, denied.ingress)
})

test('egress that is denied gets no mark for encryption, and says which policies isolate', () => {
  using datapath = new Guarded(['egress'])
  const { passed, decision, mark, events } = datapath.send(segment(out, 40_000, 80, flags.syn))
  assert.deepEqual([passed, decision, mark], [false, denied.egress, 0])
  assert.deepEqual(
    events.map(({ rule, verdict, reason }) => [rule, verdict, reason]),
    [[902, 'dropped', 'policy-denied']],
  )
})

test('egress that is allowed is marked as ever, and its event names the rule', () => {
  using datapath = new Guarded(['egress'])
  datapath.allow(toWeb, 7)
  const { decision, mark, events } = datapath.send(segment(out, 40_000, 80, flags.syn))
  assert.deepEqual([decision, mark], ['from-pod/encrypted/protected', markEncrypt])
  assert.equal(events[0]!.rule, 7)
})

test('ingress is judged after decryption, by the identity behind the inner source', () => {
  using datapath = new Guarded(['ingress'])
  const frame = segment(back, 40_000, 80, flags.syn)
  const before = datapath.receive(frame)
  assert.deepEqual([before.passed, before.decision], [false, denied.ingress])
  assert.equal(before.events[0]!.rule, 901)
  datapath.allow(fromOther, 8)
  const after = datapath.receive(frame)
  assert.deepEqual([after.decision, after.events[0]!.rule], ['to-pod/decrypted/protected', 8])
})

test('traffic within the node is judged as well', () => {
  using datapath = new Guarded(['ingress', 'egress'])
  datapath.know(here.other, here.id, true, 303)
  const request = segment({ source: here.pod, destination: here.other }, 40_000, 80, flags.syn)
  const incoming = segment({ source: here.other, destination: here.pod }, 40_000, 80, flags.syn)
  assert.equal(datapath.send(request).decision, denied.egress)
  assert.equal(datapath.run('to_pod', incoming).decision, denied.ingress)
  datapath.allow({ ...toWeb, remote: 303 })
  datapath.allow({ ...fromOther, remote: 303 })
  assert.equal(datapath.send(request).decision, 'from-pod/forwarded/same-node')
  assert.equal(datapath.run('to_pod', incoming).decision, 'to-pod/forwarded/same-node')
})

test('policy does not make what strictness drops pass', () => {
  using datapath = new Guarded(['ingress'])
  datapath.allow(fromOther)
  const inClear = datapath.run('to_pod', segment(back, 40_000, 80, flags.syn))
  assert.equal(inClear.decision, 'to-pod/dropped/clear-from-wire')
})

for (const [what, frame] of Object.entries({
  'another port': segment(out, 40_000, 81, flags.syn),
  'another protocol': datagram(out, 40_000, 80),
  'the same port as the source': segment(out, 80, 81, flags.syn),
  'another pod': segment({ ...out, destination: there.other }, 40_000, 80, flags.syn),
  'no pod': segment({ ...out, destination: world }, 40_000, 80, flags.syn),
}))
  test(`a rule for a pod and a TCP port does not allow ${what}`, () => {
    using datapath = new Guarded(['egress'])
    datapath.allow(toWeb)
    assert.equal(datapath.send(frame).decision, denied.egress)
  })

test('a rule of one direction allows nothing in the other', () => {
  using datapath = new Guarded(['ingress', 'egress'])
  datapath.allow(toWeb)
  assert.equal(datapath.receive(segment(back, 40_000, 80, flags.syn)).decision, denied.ingress)
})

test('entries of another set do not count', () => {
  using datapath = new Guarded(['egress'], 2)
  datapath.allow(toWeb)
  assert.equal(datapath.send(segment(out, 40_000, 80, flags.syn)).decision, denied.egress)
})

test('a prefix of ports is a range', () => {
  using datapath = new Guarded(['egress'])
  datapath.allow({ ...toWeb, ports: { port: 80, length: 14 } })
  const passes = (port: number) => datapath.send(segment(out, 40_000, port, flags.syn)).passed
  assert.deepEqual([79, 80, 83, 84].map(passes), [false, true, true, false])
})

test('without a port every port of the protocol, without a protocol every protocol', () => {
  using datapath = new Guarded(['egress'])
  const { ports: _, ...toTcp } = toWeb
  datapath.allow(toTcp)
  assert.equal(datapath.send(segment(out, 40_000, 9, flags.syn)).passed, true)
  assert.equal(datapath.send(datagram(out, 40_000, 9)).passed, false)
  assert.equal(datapath.send(echo(out, 'request', 1)).passed, false)
  datapath.allow({ direction: 'egress', peer: 'identity', remote: otherIdentity })
  assert.equal(datapath.send(datagram(out, 40_000, 9)).passed, true)
  assert.equal(datapath.send(echo(out, 'request', 1)).passed, true)
  assert.equal(datapath.send(datagram(out, 40_000, 9, protocols.sctp)).passed, true)
})

test('a rule for anyone allows who has no identity too', () => {
  using datapath = new Guarded(['egress'])
  datapath.allow(anything)
  assert.equal(datapath.send(datagram({ ...out, destination: world }, 1, 2)).passed, true)
  assert.equal(datapath.send(datagram(out, 1, 2)).passed, true)
})

test('a class of addresses is what its longest prefix says, and IPv6 is no IPv4', () => {
  using datapath = new Guarded(['egress'])
  datapath.classify('egress', '203.0.113.0/24', 1)
  datapath.classify('egress', '203.0.113.128/25', 2)
  datapath.classify('ingress', '198.51.100.0/24', 1)
  datapath.allow({ direction: 'egress', peer: 'cidr', remote: 1 })
  const passes = (destination: string) => datapath.send(datagram({ ...out, destination }, 1, 2)).passed
  assert.deepEqual(['203.0.113.9', '203.0.113.129', '198.51.100.1'].map(passes), [true, false, false])
  datapath.know('fd00:1::a', here.id, true)
  datapath.classify('egress', 'fd00:9::/32', 1)
  const six = (destination: string) => datapath.send(datagram({ source: 'fd00:1::a', destination }, 1, 2))
  assert.equal(six('fd00:9::1').passed, true)
  assert.equal(six('fd00:8::1').decision, denied.egress)
})

test('an identity and a class of the same number are two', () => {
  using datapath = new Guarded(['egress'])
  datapath.classify('egress', '203.0.113.0/24', otherIdentity)
  datapath.allow(toWeb)
  const world80 = segment({ ...out, destination: world }, 40_000, 80, flags.syn)
  assert.equal(datapath.send(world80).decision, denied.egress)
})

test('a pod and its own node may always talk, another node may not', () => {
  using datapath = new Guarded(['ingress', 'egress'])
  const probe = segment({ source: here.underlay, destination: here.pod }, 40_000, 80, flags.syn)
  const answer = segment({ source: here.pod, destination: here.underlay }, 80, 40_000, flags.syn | flags.ack)
  assert.equal(datapath.run('to_pod', probe).decision, 'to-pod/forwarded/not-protected')
  assert.equal(datapath.send(answer).decision, 'from-pod/forwarded/not-protected')
  const stranger = segment({ source: there.underlay, destination: here.pod }, 40_000, 80, flags.syn)
  assert.equal(datapath.run('to_pod', stranger).decision, denied.ingress)
})

test('neighbour discovery with the node is not subject to policy; the same message to a pod is', () => {
  using datapath = new Guarded(['ingress', 'egress'])
  datapath.know('fd00:1::a', here.id, true)
  const solicit = (source: string, destination: string) =>
    ethernet('ipv6', ipv6({ source, destination }, protocols.icmp6, icmp(135)))
  for (const destination of ['ff02::1:ff00:1', 'fe80::1'])
    assert.equal(datapath.send(solicit('fd00:1::a', destination)).passed, true)
  assert.equal(datapath.run('to_pod', solicit('fe80::1', 'fd00:1::a')).passed, true)
  assert.equal(datapath.send(solicit('fd00:1::a', 'fd00:2::a')).decision, denied.egress)
})
