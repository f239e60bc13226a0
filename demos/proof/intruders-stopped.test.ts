import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type AttemptKind, attemptKinds, attemptPlans } from './attempt.ts'
import { judged, stateOf, surprises } from './judged.ts'
import { observe } from './observe.ts'
import { armOf, inject, provenRun, recordingOf, recount, type SyntheticRun } from './synthetic.ts'
import { strangersPort } from './synthetic-arm.ts'
import { ethernet, ipv4, routed, udp } from './synthetic-packet.ts'

const changes = ['spoof'] as const
const attempted = (run: SyntheticRun, kind: AttemptKind) =>
  armOf(run, 'spoof').change!.attempts!.find((each) => each.kind === kind)!

/** The frame by which an attempt came out. */
function frameOf(run: SyntheticRun, kind: AttemptKind): Buffer {
  const { attempts } = armOf(run, 'spoof').change!
  const { comesFrom } = attemptPlans[kind]
  const ofKind = attempts!.filter((each) => attemptPlans[each.kind].comesFrom === comesFrom)
  const index = ofKind.findIndex((each) => each.kind === kind)
  const instrument = comesFrom === 'stranger' ? strangersPort : 'pod/a1'
  const marked = recordingOf(run, 'spoof', instrument).frames.filter(
    ({ data }) => comesFrom === 'stranger' || data.includes('from nobody'),
  )
  return marked[index]!.data
}

function arrives(run: SyntheticRun, pod: string, packet: Buffer): void {
  const { frames } = recordingOf(run, 'spoof', `pod/${pod}`)
  const data = ethernet(routed(packet, 1))
  frames.push({ data, length: data.length, time: frames.at(-1)!.time + 1n })
  recount(run, 'spoof', `pod/${pod}`)
}

const mutations: Record<string, { change: (run: SyntheticRun) => void; says: RegExp; state?: string }> = {
  'a packet in clear that was let in': {
    change: (run) => arrives(run, 'b1', frameOf(run, 'clear').subarray(14)),
    says: /^1 packet that no pod sent arrived, the first: a packet in clear, under a pod’s address, from stranger to b1/,
  },
  'a packet of a pod that passed for its neighbour': {
    change: (run) => arrives(run, 'b1', frameOf(run, 'neighbour').subarray(14)),
    says: /^1 packet that no pod sent arrived, the first: a packet under the address of a pod on the same node/,
  },
  'what was sealed with another key and opened': {
    change: (run) =>
      arrives(
        run,
        'b1',
        ipv4('10.0.1.2', '10.0.2.2', 17, udp(9, 9000, Buffer.from('from nobody: wrong-key 0'))),
      ),
    says: /^1 packet that no pod sent arrived, the first: ESP with a real SPI, under another key/,
  },
  'a counter that did not grow': {
    change: (run) => {
      const { counted } = attempted(run, 'made-up-spi')
      counted.after = counted.before
    },
    says: /^b counted 0 of 1 as XfrmInNoStates: ESP with an SPI that nobody has/,
  },
  'a kind that nobody tried': {
    change: (run) => {
      const change = armOf(run, 'spoof').change!
      change.attempts = change.attempts!.filter(({ kind }) => kind !== 'neighbour')
    },
    says: /^Nobody tried a packet under the address of a pod on the same node/,
    state: 'inconclusive',
  },
  'an attempt that no capture shows': {
    change: (run) => {
      const { frames } = recordingOf(run, 'spoof', 'pod/a1')
      const index = frames.findIndex(({ data }) => data.includes('from nobody'))
      frames.splice(index, 1)
      recount(run, 'spoof', 'pod/a1')
    },
    says: /^No capture shows that a packet under the address of a pod on the same node/,
    state: 'inconclusive',
  },
}

describe('of a run with intruders exactly one check notices', () => {
  for (const [what, { change, says, state = 'fails' }] of Object.entries(mutations))
    test(what, () => {
      const judgement = judged(change, { changes })
      assert.deepEqual(surprises(judgement), [`spoof/intruders.stopped: ${state}`])
      assert.match(stateOf(judgement, 'spoof', 'intruders.stopped').says, says)
    })
})

test('a repetition that is taken again arrives, and a spoofed packet that leaves its node is a leak', () => {
  const twice = judged(
    (run) => {
      const replayed = frameOf(run, 'replayed')
      const { opened } = observe(run)
        .arms.get('spoof')!
        .injected.find(({ data }) => data.equals(replayed))!
      arrives(run, 'b1', opened!.ok ? opened!.inner : Buffer.alloc(0))
    },
    { changes },
  )
  assert.match(
    stateOf(twice, 'spoof', 'intruders.stopped').says,
    /^1 packet that no pod sent arrived.*sent again/,
  )
  const left = judged((run) => inject(run, 'spoof', 'wire/a', frameOf(run, 'elsewhere')), { changes })
  assert.match(stateOf(left, 'spoof', 'intruders.stopped').says, /^1 packet left the node of the pod/)
  assert.equal(left.verdict, 'LEAK')
})

test('only what is known as an attempt is excused, and only where it comes from no node', () => {
  const unknown = ethernet(ipv4('10.0.1.2', '10.0.2.2', 17, udp(9, 9, Buffer.from('in clear'))))
  for (const port of [strangersPort, 'wire/a'])
    assert.ok(
      surprises(judged((run) => inject(run, 'spoof', port, unknown), { changes })).includes(
        'spoof/wire.no-cleartext: fails',
      ),
      port,
    )
  const fromNode = judged((run) => inject(run, 'spoof', 'wire/a', frameOf(run, 'clear')), { changes })
  assert.ok(surprises(fromNode).includes('spoof/wire.no-cleartext: fails'))
  const sealed = judged(
    (run) => {
      for (const attempt of armOf(run, 'spoof').change!.attempts!)
        if (attempt.kind === 'wrong-node') attempt.packets = [`${'A'.repeat(43)}=`]
    },
    { changes },
  )
  assert.ok(surprises(sealed).includes('spoof/wire.complete: fails'))
})

test('a door that is open and lets nothing in is no control', () => {
  const judgement = judged(
    (run) => {
      const { frames } = recordingOf(run, 'spoof/open', 'pod/b1')
      frames.splice(0, frames.length, ...frames.filter(({ data }) => !data.includes('from nobody')))
      recount(run, 'spoof/open', 'pod/b1')
    },
    { changes },
  )
  assert.match(stateOf(judgement, 'spoof/open', 'sabotage.caught').says, /^Nothing arrived that must not/)
  assert.notEqual(judgement.verdict, 'PROVEN')
})

test('every kind of attempt has a name that somebody counts', () => {
  const counters = attemptKinds.map((kind) => attemptPlans[kind].counter)
  assert.deepEqual(new Set(counters).size, 6)
  assert.equal(observe(provenRun({ changes })).arms.get('spoof')!.injected.length, 8)
})
