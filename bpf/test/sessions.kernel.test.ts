import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readSessionUse } from '../../agent/kernel/policy-maps.ts'
import { readSessionCounts } from '../../agent/policy/layout.ts'
import { Datapath, decryptedFrom, here, there, world } from './datapath.ts'
import { ethernet, icmp, ipv4, protocols } from './frames.ts'
import { back, datagram, echo, flags, Guarded, otherIdentity, out, segment } from './sessions.ts'

const toWeb = {
  direction: 'egress',
  peer: 'identity',
  remote: otherIdentity,
  protocol: protocols.tcp,
  ports: { port: 80, length: 16 },
} as const
const anyFromOther = { direction: 'ingress', peer: 'identity', remote: otherIdentity } as const

const syn = segment(out, 40_000, 80, flags.syn)
const synAck = segment(back, 80, 40_000, flags.syn | flags.ack)
const ack = segment(out, 40_000, 80, flags.ack)
const data = segment(back, 80, 40_000, flags.ack)

/** May connect to the other's port 80; nobody may connect to it. */
function client(): Guarded {
  const datapath = new Guarded(['ingress', 'egress'])
  datapath.allow(toWeb, 7)
  return datapath
}

function opened(): Guarded {
  const datapath = client()
  for (const passed of [datapath.send(syn), datapath.receive(synAck), datapath.send(ack)].map(
    (outcome) => outcome.passed,
  ))
    assert.ok(passed)
  return datapath
}

test('the reply to what was allowed passes, under the same rule; without it, it is denied', () => {
  using datapath = client()
  assert.equal(datapath.receive(synAck).decision, 'to-pod/dropped/policy-denied')
  datapath.send(syn)
  const { decision, events } = datapath.receive(synAck)
  assert.deepEqual([decision, events.map(({ rule }) => rule)], ['to-pod/decrypted/protected', [7]])
})

test('what was denied begins no session', () => {
  using datapath = new Guarded(['ingress', 'egress'])
  assert.equal(datapath.send(syn).passed, false)
  assert.equal(datapath.receive(synAck).passed, false)
})

test('a reply to what a pod that is isolated the other way only has begun passes', () => {
  using datapath = new Guarded(['ingress'])
  assert.equal(datapath.receive(datagram(back, 53, 40_000)).passed, false)
  datapath.send(datagram(out, 40_000, 53))
  assert.equal(datapath.receive(datagram(back, 53, 40_000)).passed, true)
})

test('a reply comes from the same address, port and protocol, to the same', () => {
  using datapath = opened()
  for (const frame of [
    segment(back, 81, 40_000, flags.ack),
    segment(back, 80, 40_001, flags.ack),
    datagram(back, 80, 40_000),
    segment({ ...back, source: there.other }, 80, 40_000, flags.ack),
    segment({ ...back, destination: here.other }, 80, 40_000, flags.ack),
  ])
    assert.equal(datapath.receive(frame).decision, 'to-pod/dropped/policy-denied')
  assert.equal(datapath.receive(data).passed, true)
})

test('a session that began before the pod was isolated goes on when it is allowed, also by a reply', () => {
  using datapath = new Guarded([])
  datapath.send(syn)
  datapath.allow(toWeb, 7, 2)
  datapath.isolate(['ingress', 'egress'], 2)
  assert.equal(datapath.receive(synAck).passed, true)
})

test('a change of policy stops an established session both ways, and lets it go on when it is allowed again', () => {
  using datapath = opened()
  datapath.isolate(['ingress', 'egress'], 2)
  const stopped = datapath.receive(data)
  assert.deepEqual([stopped.decision, stopped.events[0]?.rule], ['to-pod/dropped/policy-denied', 902])
  assert.equal(datapath.send(ack).decision, 'from-pod/dropped/policy-denied')
  datapath.allow(toWeb, 9, 3)
  datapath.isolate(['ingress', 'egress'], 3)
  // The first to speak again is not who began: the session is still known as what it was.
  assert.equal(datapath.receive(data).passed, true)
  assert.equal(datapath.send(ack).passed, true)
})

test('a session whose peer has another identity now is judged again', () => {
  using datapath = opened()
  datapath.know(there.pod, there.id, true, 203)
  assert.equal(datapath.receive(data).decision, 'to-pod/dropped/policy-denied')
  datapath.know(there.pod, there.id, true, otherIdentity)
  assert.equal(datapath.receive(data).passed, true)
})

test('a SYN the other way is no reply', () => {
  using datapath = opened()
  assert.equal(datapath.receive(segment(back, 80, 40_000, flags.syn)).passed, false)
  datapath.allow(anyFromOther)
  assert.equal(datapath.receive(segment(back, 80, 40_000, flags.syn)).passed, true)
})

for (const [what, prepare, alive, dead] of [
  ['an open TCP session', () => opened(), 7_900, 8_100],
  [
    'a TCP session without an answer',
    () => {
      const datapath = client()
      datapath.send(syn)
      return datapath
    },
    50,
    70,
  ],
  [
    'a TCP session that was reset',
    () => {
      const datapath = opened()
      datapath.receive(segment(back, 80, 40_000, flags.rst))
      return datapath
    },
    5,
    15,
  ],
  [
    'a TCP session that both have ended',
    () => {
      const datapath = opened()
      datapath.send(segment(out, 40_000, 80, flags.fin | flags.ack))
      datapath.receive(segment(back, 80, 40_000, flags.fin | flags.ack))
      return datapath
    },
    5,
    15,
  ],
] as const)
  test(`${what} ends in time: replies pass after ${alive} s, not after ${dead} s`, () => {
    using living = prepare()
    living.age(alive)
    assert.equal(living.receive(data).passed, true)
    using ended = prepare()
    ended.age(dead)
    assert.equal(ended.receive(data).decision, 'to-pod/dropped/policy-denied')
  })

test('a UDP session lasts a minute unanswered, two answered, and every packet renews it', () => {
  using datapath = new Guarded(['ingress'])
  const question = datagram(out, 40_000, 53)
  const answer = datagram(back, 53, 40_000)
  datapath.send(question)
  datapath.age(70)
  assert.equal(datapath.receive(answer).passed, false)
  datapath.send(question)
  for (const seconds of [50, 110, 110]) {
    datapath.age(seconds)
    assert.equal(datapath.receive(answer).passed, true)
  }
  datapath.age(130)
  assert.equal(datapath.receive(answer).passed, false)
})

test('an answer to an echo passes; another identifier and a question back do not', () => {
  using datapath = new Guarded(['ingress'])
  datapath.send(echo(out, 'request', 5))
  assert.equal(datapath.receive(echo(back, 'reply', 6)).passed, false)
  assert.equal(datapath.receive(echo(back, 'request', 5)).passed, false)
  assert.equal(datapath.receive(echo(back, 'reply', 5)).passed, true)
})

test('IPv6 sessions and echoes are sessions as well', () => {
  using datapath = new Guarded(['ingress'])
  const six = { source: 'fd00:1::a', destination: 'fd00:2::a' }
  const sixBack = { source: six.destination, destination: six.source }
  assert.equal(datapath.receive(datagram(sixBack, 53, 40_000)).passed, false)
  datapath.send(datagram(six, 40_000, 53))
  assert.equal(datapath.receive(datagram(sixBack, 53, 40_000)).passed, true)
  assert.equal(datapath.receive(echo(sixBack, 'reply', 5)).passed, false)
  datapath.send(echo(six, 'request', 5))
  assert.equal(datapath.receive(echo(sixBack, 'reply', 5)).passed, true)
})

const quotedSyn = ipv4(out, protocols.tcp, syn.subarray(34))
const fromRouter = (quoted: Buffer, source = world) =>
  ethernet('ipv4', ipv4({ source, destination: here.pod }, protocols.icmp, icmp(3, quoted)))

test('an ICMP error about a session passes from whatever router; about nothing, or another session, it does not', () => {
  using datapath = client()
  const receive = (frame: Buffer) => datapath.run('to_pod', frame)
  assert.equal(receive(fromRouter(quotedSyn)).passed, false)
  datapath.send(syn)
  assert.equal(receive(fromRouter(quotedSyn)).passed, true)
  const other = ipv4(out, protocols.tcp, segment(out, 40_001, 80, flags.syn).subarray(34))
  assert.equal(receive(fromRouter(other)).decision, 'to-pod/dropped/policy-denied')
})

test('an ICMP error about a session that is denied now does not pass', () => {
  using datapath = opened()
  assert.equal(datapath.run('to_pod', fromRouter(quotedSyn)).passed, true)
  datapath.isolate(['ingress', 'egress'], 2)
  assert.equal(datapath.run('to_pod', fromRouter(quotedSyn)).passed, false)
})

test('a pod may send the ICMP error about a session to its peer, and to nobody else', () => {
  using datapath = opened()
  const quoted = ipv4(back, protocols.tcp, data.subarray(34))
  const error = (destination: string) =>
    ethernet('ipv4', ipv4({ source: here.pod, destination }, protocols.icmp, icmp(3, quoted)))
  assert.equal(datapath.send(error(there.pod)).passed, true)
  assert.equal(datapath.send(error(world)).decision, 'from-pod/dropped/policy-denied')
})

test('sessions are counted when they begin, and stay within their map', () => {
  using datapath = client()
  const begun = () => readSessionCounts(datapath.object.map('session_counts').getPerCpu(Buffer.alloc(4))!)
  datapath.send(syn)
  datapath.send(ack)
  datapath.receive(synAck)
  datapath.send(syn)
  assert.deepEqual(begun(), { begun: 1, refused: 0 })
  datapath.send(segment(out, 40_002, 80, flags.syn))
  datapath.send(segment(out, 40_002, 81, flags.syn))
  assert.deepEqual(begun(), { begun: 2, refused: 0 })
  assert.equal([...datapath.object.map('sessions').entries()].length, 2)
})

test('where there is no room the oldest sessions lose theirs, and it can be told how many', () => {
  using datapath = new Datapath('strict', { mapSizes: { sessions: 256 } })
  for (let port = 1; port <= 1000; port++) datapath.run('from_pod', datagram(out, port, 53))
  const sessions = readSessionUse((name) => datapath.object.map(name))
  assert.equal(sessions.capacity, 256)
  assert.ok(sessions.entries > 0 && sessions.entries <= 256)
  assert.equal(sessions.evicted, 1000 - sessions.entries - sessions.refused)
})

test('what a node other than the source node has opened is dropped before policy is asked', () => {
  using datapath = opened()
  assert.equal(datapath.run('to_pod', data, decryptedFrom(3)).decision, 'to-pod/dropped/wrong-node')
})
