import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { judged, stateOf, surprises } from './judged.ts'
import { armOf, inject, recordingOf, recount, type SyntheticRun } from './synthetic.ts'
import { ethernet, icmpv6, ipv4, ipv6, routed, udp, vxlan } from './synthetic-packet.ts'

const nodes = { nodesThemselves: true } as const

test('a run in which nodes themselves are in scope is PROVEN, and says how much was theirs', () => {
  const judgement = judged(undefined, nodes)
  assert.deepEqual(surprises(judgement), [])
  assert.equal(judgement.verdict, 'PROVEN')
  assert.equal(judgement.arms['nodes/misspelt']!.verdict, 'LEAK')
  const { numbers, says } = stateOf(judgement, 'nodes', 'wire.complete')
  // Each of three sends two canaries to both others, and to four pods, and as many answers.
  assert.equal(numbers.ofNodes, 3 * (8 + 16))
  assert.match(
    says,
    /exactly what the pods and nodes sent to other nodes, 72 of them what nodes sent themselves/,
  )
  assert.match(
    stateOf(judgement, 'policies-deleted/permissive', 'sabotage.caught').says,
    /all of them a1's and a2's and a's\.$/,
  )
})

test('it may take the place of the arm with everything encrypted, but not without its counterpart', () => {
  const without = (...names: string[]) =>
    judged((run) => {
      run.facts.arms = run.facts.arms.filter(({ name }) => !names.includes(name))
    }, nodes)
  assert.equal(without('encrypted').verdict, 'PROVEN')
  assert.match(without('nodes/misspelt').says, /The run has no nodes\/misspelt arm/)
})

test('where nodes speak IPv6, what finds a neighbour may be in clear, and nothing else', () => {
  const seen = (type: number) =>
    judged(
      (run) => {
        const packet = ipv6('fd56::1', 'fd56::2', 58, icmpv6(type, 'fd56::2'), 255)
        for (const instrument of ['wire/a', 'node/b']) inject(run, 'nodes', instrument, ethernet(packet))
      },
      { ...nodes, isDualStack: true },
    )
  assert.equal(seen(135).verdict, 'PROVEN')
  assert.deepEqual(surprises(seen(128)), ['nodes/wire.no-cleartext: fails', 'nodes/wire.complete: fails'])
})

const datagram = (source = '192.168.0.1', destination = '192.168.0.2', text = 'nothing known') =>
  ipv4(source, destination, 17, udp(9, 9, Buffer.from(text)))
/** The first frame at a node that one of its peers sent itself, with a canary or without. */
const arrivals = (run: SyntheticRun, hasCanary: boolean) =>
  recordingOf(run, 'nodes', 'node/b').frames.filter(
    ({ data }) =>
      data[23] === 17 &&
      data.subarray(26, 34).equals(Buffer.from([192, 168, 0, 1, 192, 168, 0, 2])) &&
      data.includes('WP-CANARY') === hasCanary,
  )

/** Each changes one thing in a proven run; exactly these checks must notice. */
const mutations: readonly {
  readonly what: string
  readonly change: (run: SyntheticRun) => void
  readonly notices: readonly string[]
}[] = [
  {
    what: 'a control in which a node’s own canary was not seen',
    change: (run) => {
      const { token } = armOf(run, 'control').canaries.find(({ fromPod }) => fromPod === 'a')!
      const recording = recordingOf(run, 'control', 'wire/a')
      recording.frames = recording.frames.filter(({ data }) => !data.includes(token))
      recount(run, 'control', 'wire/a')
    },
    notices: ['control/control.seen: fails'],
  },
  {
    what: 'a packet from one node to another, in clear',
    change: (run) => inject(run, 'nodes', 'wire/a', ethernet(datagram())),
    notices: ['nodes/wire.no-cleartext: fails'],
  },
  {
    what: 'the same in a tunnel',
    change: (run) => {
      const tunnel = ipv4('192.168.0.1', '192.168.0.9', 17, udp(9, 4789, vxlan(ethernet(datagram()))))
      inject(run, 'nodes', 'wire/a', ethernet(tunnel))
    },
    notices: ['nodes/wire.no-cleartext: fails'],
  },
  {
    what: 'a canary that a node sent, in a packet to somebody else',
    change: (run) => {
      const { token } = armOf(run, 'nodes').canaries.find(({ fromPod }) => fromPod === 'a')!
      inject(run, 'nodes', 'wire/a', ethernet(datagram('192.168.0.1', '192.168.0.9', token)))
    },
    notices: ['nodes/wire.no-canary: fails'],
  },
  {
    what: 'a packet that came to a node from another, and is nowhere on the wire',
    change: (run) => inject(run, 'nodes', 'node/b', ethernet(datagram())),
    notices: ['nodes/wire.complete: fails'],
  },
  {
    what: 'a packet that was sealed, and came out at no node',
    change: (run) => {
      const { frames } = recordingOf(run, 'nodes', 'node/b')
      frames.splice(frames.indexOf(arrivals(run, false)[0]!), 1)
      recount(run, 'nodes', 'node/b')
    },
    notices: ['nodes/wire.complete: fails'],
  },
  {
    what: 'a packet of a node that came by a router',
    change: (run) => {
      const [frame] = arrivals(run, false)
      frame!.data = ethernet(routed(Buffer.from(frame!.data.subarray(14)), 1))
    },
    notices: ['nodes/wire.complete: fails'],
  },
  {
    what: 'a canary that its node did not get as it was sent',
    change: (run) => {
      const [frame] = arrivals(run, true)
      frame!.data = Buffer.from(frame!.data)
      frame!.data[frame!.data.indexOf('WP-CANARY') + 12]! ^= 1
    },
    notices: ['nodes/app.delivered: fails', 'nodes/wire.complete: fails'],
  },
  {
    what: 'an instrument at a node that lost a frame',
    change: (run) => {
      armOf(run, 'nodes').instruments.find(({ name }) => name === 'node/b')!.dropped = 1
    },
    notices: ['nodes/wire.counted: inconclusive'],
  },
  {
    what: 'a node that sent nothing itself',
    change: (run) => {
      const arm = armOf(run, 'nodes')
      arm.canaries = arm.canaries.filter(({ fromPod }) => fromPod !== 'b')
    },
    notices: ['nodes/app.delivered: inconclusive'],
  },
  {
    what: 'no policy about nodes',
    change: (run) => {
      delete armOf(run, 'nodes').scope
    },
    notices: ['nodes/app.delivered: fails', 'nodes/wire.complete: fails'],
  },
  {
    what: 'a misspelt policy with which nothing was in clear',
    change: (run) => {
      for (const instrument of ['wire/a', 'wire/b', 'wire/c']) {
        const recording = recordingOf(run, 'nodes/misspelt', instrument)
        recording.frames = recording.frames.filter(({ data }) => data[23] === 50)
        recount(run, 'nodes/misspelt', instrument)
      }
    },
    notices: [
      'nodes/misspelt/wire.no-cleartext: holds',
      'nodes/misspelt/wire.no-canary: holds',
      'nodes/misspelt/sabotage.caught: fails',
    ],
  },
  {
    what: 'a packet of a node that was not sabotaged, in clear beside those of one that was',
    change: (run) =>
      inject(run, 'policies-deleted/permissive', 'wire/b', ethernet(datagram('192.168.0.2', '192.168.0.3'))),
    notices: ['policies-deleted/permissive/sabotage.caught: fails'],
  },
  {
    what: 'a packet of the sabotaged node itself, in clear although its agent is strict',
    change: (run) => inject(run, 'policies-deleted/strict', 'wire/a', ethernet(datagram())),
    notices: [
      'policies-deleted/strict/wire.no-cleartext: fails',
      'policies-deleted/strict/sabotage.caught: fails',
    ],
  },
]

describe('where nodes are in scope exactly what must notice does:', () => {
  for (const { what, change, notices } of mutations)
    test(what, () => {
      const judgement = judged(change, nodes)
      assert.deepEqual(surprises(judgement), notices)
      assert.notEqual(judgement.verdict, 'PROVEN')
    })
})
