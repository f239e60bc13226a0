import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { judged, stateOf, surprises } from './judged.ts'
import { armOf, inject, type SyntheticRun } from './synthetic.ts'
import { ethernet, icmpv6, packet, routed, udp } from './synthetic-packet.ts'

const both = { isDualStack: true }
const payload = udp(9, 9, Buffer.from('nothing known'))
const [a1, b1] = ['fd57:1::2', 'fd57:2::2']
const [nodeA, nodeB, local] = ['fd56::1', 'fd56::2', 'fe80::57ff:fe00:1']
const icmp = (source: string, destination: string, message: Buffer) =>
  ethernet(packet(source, destination, 58, message))
/** Puts the frame where node a's frames come in, of the arm in which all is encrypted. */
const seen = (frame: Buffer) => (run: SyntheticRun) => inject(run, 'encrypted', 'wire/a', frame)

test('a run over both families in which all is as it must be is PROVEN, and is about packets of both', () => {
  const judgement = judged(undefined, both)
  assert.deepEqual(surprises(judgement), [])
  assert.equal(judgement.verdict, 'PROVEN')
  const packets = (options: typeof both | undefined) =>
    stateOf(judged(undefined, options), 'encrypted', 'wire.complete').numbers.sent!
  assert.equal(packets(both), packets(undefined) * 2)
})

test('changes under traffic and every sabotage are judged the same over IPv6', () => {
  const judgement = judged(undefined, {
    ...both,
    changes: ['rotate'],
    sabotages: ['agent-bypassed', 'wrong-key'],
  })
  assert.deepEqual(surprises(judgement), [])
})

describe('what neighbours on a link ask each other is no leak', () => {
  const harmless: Record<string, Buffer> = {
    'a search for another node': icmp(nodeA, 'ff02::1:ff00:2', icmpv6(135, nodeB)),
    'the answer': icmp(nodeB, nodeA, icmpv6(136, nodeB)),
    'a search from a link-local address': icmp(local, 'ff02::1:ff00:2', icmpv6(135, nodeB)),
    'a look for a duplicate of a link-local address': icmp('::', 'ff02::1:ff00:1', icmpv6(135, local)),
    'a search for a router': icmp(local, 'ff02::2', icmpv6(133)),
    'an advertisement of one': icmp(local, 'ff02::1', icmpv6(134)),
    'a report of groups': icmp(local, 'ff02::16', icmpv6(143, 'ff02::1:ff00:2')),
  }
  for (const [what, frame] of Object.entries(harmless))
    test(what, () => {
      const judgement = judged(seen(frame), both)
      assert.deepEqual(surprises(judgement), [])
      assert.equal(judgement.verdict, 'PROVEN')
    })
})

describe('something of a pod in clear is a leak, whatever it is dressed as', () => {
  const leaks: Record<string, [Buffer, RegExp]> = {
    'a packet': [ethernet(packet(a1, b1, 17, payload)), /^UDP fd57:1::2:9 → fd57:2::2:9 in clear$/],
    'a packet from a pod to nowhere': [ethernet(packet(a1, '2001:db8::1', 17, payload)), /in clear$/],
    'a packet to an address of the prefix that no pod has': [
      ethernet(packet(nodeA, 'fd57:2::77', 17, payload)),
      /in clear$/,
    ],
    'a search for a pod': [
      icmp(nodeA, 'ff02::1:ff00:2', icmpv6(135, b1)),
      /^neighbour discovery for pod address fd57:2::2$/,
    ],
    'a search for a pod that is not there': [
      icmp('::', 'ff02::1:ff00:77', icmpv6(135, 'fd57:2::77')),
      /^neighbour discovery for pod address fd57:2::77$/,
    ],
    'an answer in the name of a pod': [
      icmp(nodeB, nodeA, icmpv6(136, b1)),
      /^neighbour discovery for pod address fd57:2::2$/,
    ],
    'a redirect towards a pod': [
      icmp(local, nodeA, icmpv6(137, nodeB, b1)),
      /^neighbour discovery for pod address fd57:2::2$/,
    ],
    'an error that quotes a packet': [
      icmp(nodeB, nodeA, Buffer.concat([icmpv6(1), routed(packet(a1, b1, 17, payload), 1)])),
      /in clear quoted in an ICMP error from fd56::2$/,
    ],
    'the address in a message of no known form': [
      icmp(local, 'ff02::1', icmpv6(134, a1)),
      /^the bytes of pod address fd57:1::2 in ICMP type 134/,
    ],
    'a packet within one of IPv4': [
      ethernet(packet('192.168.0.1', '192.168.0.2', 41, packet(a1, b1, 17, payload))),
      /in clear inside IP-in-IP/,
    ],
  }
  for (const [what, [frame, why]] of Object.entries(leaks))
    test(what, () => {
      const judgement = judged(seen(frame), both)
      assert.equal(judgement.verdict, 'LEAK')
      const { state, offenders } = stateOf(judgement, 'encrypted', 'wire.no-cleartext')
      assert.equal(state, 'fails')
      assert.match(offenders[0]!.why, why)
    })
})

for (const [family, version] of [
  [0, 4],
  [1, 6],
] as const)
  test(`of a node whose pods were silent over IPv${version} nothing is known`, () => {
    const judgement = judged((run) => {
      const arm = armOf(run, 'encrypted')
      arm.canaries = arm.canaries.filter(
        ({ fromPod, id }) => !(fromPod.startsWith('b') && id.endsWith(`/${family}`)),
      )
    }, both)
    assert.equal(judgement.verdict, 'INCONCLUSIVE')
    assert.match(judgement.says, new RegExp(`from b's pods to another node over IPv${version}`))
  })

test('a prefix ends where it ends', () => {
  const outside = judged(seen(ethernet(packet(nodeA, 'fd57:2:0:1::2', 17, payload))), both)
  assert.deepEqual(surprises(outside), [])
})
