import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decode, EspOpener } from 'tcpdump-parse'
import { espSa } from './esp-sa.ts'
import { judged, stateOf, surprises } from './judged.ts'
import { inject, recordingOf, recount, type SyntheticRun } from './synthetic.ts'
import { esp, ethernet, ipv4, routed, udp, vxlan } from './synthetic-packet.ts'

const overlay = { isOverlay: true } as const
const [nodeA, nodeB, nodeC] = ['192.168.0.1', '192.168.0.2', '192.168.0.3']

test('a run in which packets between nodes go in VXLAN is PROVEN, and says so', () => {
  const judgement = judged(undefined, overlay)
  assert.deepEqual(surprises(judgement), [])
  assert.equal(judgement.verdict, 'PROVEN')
  const { numbers, says } = stateOf(judgement, 'encrypted', 'wire.complete')
  assert.equal(numbers.inVxlan, numbers.encrypted)
  assert.match(says, /to other nodes, each in VXLAN from node to node: none missing/)
  const native = stateOf(judged(undefined), 'encrypted', 'wire.complete')
  assert.equal(native.numbers.encrypted, numbers.encrypted)
  assert.equal(native.numbers.inVxlan, undefined)
})

test('every sabotage, intruders, services and nodes in scope are judged the same in VXLAN', () => {
  for (const options of [
    { sabotages: ['agent-bypassed', 'wrong-key', 'agent-killed', 'pod-unguarded'] as const },
    { changes: ['rotate', 'spoof', 'policy'] as const },
    { services: true },
    { nodesThemselves: true },
    { isDualStack: true },
  ]) {
    const judgement = judged(undefined, { ...overlay, ...options })
    assert.deepEqual(surprises(judgement), [], JSON.stringify(options))
    assert.equal(judgement.verdict, 'PROVEN')
  }
})

/** Puts another packet in the place of what the first ESP frame of node a to node b holds, sealed as it was. */
function reseal(run: SyntheticRun, change: (inner: Buffer) => Buffer): void {
  const { before } = run.associations.find(({ arm }) => arm === 'encrypted')!
  const opener = new EspOpener(before.map(espSa))
  const { frames } = recordingOf(run, 'encrypted', 'wire/a')
  for (const captured of frames) {
    const frame = decode(captured.data, 1)
    const opened = frame.destination === nodeB ? opener.open(frame) : undefined
    if (!opened?.ok) continue
    const { sa, sequence } = opened
    const { source, destination, spi } = sa
    const key = sa.key.toString('hex')
    const iv = opened.iv.readBigUInt64BE()
    captured.data = ethernet(
      esp(change(opened.inner), { source, destination, spi, key, sequence, iv, esn: true }),
    )
    captured.length = captured.data.length
    return
  }
  assert.fail('node a sealed nothing for node b')
}

/** The packet within, and what is around it. */
const within = (carrier: Buffer) => carrier.subarray(20 + 8 + 8 + 14)
const around = (source: string, destination: string, packet: Buffer) =>
  ipv4(source, destination, 17, udp(50_000, 4789, vxlan(ethernet(packet))))

/** Each changes one thing in a proven run; exactly these checks must notice. */
const mutations: readonly {
  readonly what: string
  readonly change: (run: SyntheticRun) => void
  readonly notices: readonly string[]
}[] = [
  {
    what: 'a packet between pods in VXLAN, in clear',
    change: (run) =>
      inject(
        run,
        'encrypted',
        'wire/a',
        ethernet(around(nodeA, nodeB, ipv4('10.0.1.2', '10.0.2.2', 17, udp(9, 9, Buffer.from('nothing'))))),
      ),
    notices: ['encrypted/wire.no-cleartext: fails'],
  },
  {
    what: 'a byte of what is in VXLAN in ESP',
    change: (run) =>
      reseal(run, (carrier) => {
        const copy = Buffer.from(carrier)
        copy[copy.length - 1]! ^= 1
        return copy
      }),
    notices: ['encrypted/wire.complete: fails'],
  },
  {
    what: 'VXLAN in ESP from another node than that which sealed it',
    change: (run) => reseal(run, (carrier) => around(nodeC, nodeB, within(carrier))),
    notices: ['encrypted/wire.complete: fails'],
  },
  {
    what: 'VXLAN in ESP to another node than that which it is sealed for',
    change: (run) => reseal(run, (carrier) => around(nodeA, nodeC, within(carrier))),
    notices: ['encrypted/wire.complete: fails'],
  },
  {
    what: 'VXLAN in ESP from nobody of the cluster',
    change: (run) => reseal(run, (carrier) => around('192.168.0.77', nodeB, within(carrier))),
    notices: ['encrypted/wire.complete: fails'],
  },
  {
    what: 'one router more on the way into VXLAN',
    change: (run) => reseal(run, (carrier) => around(nodeA, nodeB, routed(within(carrier), 1))),
    notices: ['encrypted/wire.complete: fails'],
  },
  {
    what: 'a frame of it that is missing',
    change: (run) => {
      const { frames } = recordingOf(run, 'encrypted', 'wire/a')
      frames.splice(
        frames.findIndex(({ data }) => data[23] === 50),
        1,
      )
      recount(run, 'encrypted', 'wire/a')
    },
    notices: ['encrypted/wire.complete: fails', 'encrypted/wire.counted: inconclusive'],
  },
]

describe('one thing changed in a run over VXLAN is noticed', () => {
  for (const { what, change, notices } of mutations)
    test(what, () => assert.deepEqual(surprises(judged(change, overlay)), notices))
})
