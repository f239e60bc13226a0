import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { judged, stateOf, surprises } from './judged.ts'
import { armOf, inject, recordingOf, recount, type SyntheticRun } from './synthetic.ts'
import { ethernet, ipv4, routed, udp } from './synthetic-packet.ts'

const services = { services: true } as const

test('a run in which a policy covers some services is PROVEN, and says what crossed in clear beside them', () => {
  const judgement = judged(undefined, services)
  assert.deepEqual(surprises(judgement), [])
  assert.equal(judgement.verdict, 'PROVEN')
  assert.equal(judgement.arms['services/misspelt']!.verdict, 'LEAK')
  const { numbers, says } = stateOf(judgement, 'services', 'wire.complete')
  assert.ok(numbers.clearByPolicy! > 0 && numbers.encrypted! > 0)
  assert.equal(numbers.sent, numbers.clearByPolicy! + numbers.encrypted!)
  assert.match(
    says,
    /what the pods sent to other nodes of service b:.* does not cover are there in clear, every one\./,
  )
})

test('it may take the place of the arm with everything encrypted, but not without its counterpart', () => {
  const without = (...names: string[]) =>
    judged((run) => {
      run.facts.arms = run.facts.arms.filter(({ name }) => !names.includes(name))
    }, services)
  assert.equal(without('encrypted').verdict, 'PROVEN')
  assert.match(without('services/misspelt').says, /The run has no services\/misspelt arm/)
})

const datagram = (source: string, destination: string) =>
  ethernet(routed(ipv4(source, destination, 17, udp(9, 9, Buffer.from('nothing known'))), 1))
/** Puts in clear on the wire what was sealed there. */
const unseal = (run: SyntheticRun) => inject(run, 'services', 'wire/a', datagram('10.0.1.2', '10.0.2.2'))

/** Each changes one thing in a proven run; exactly these checks must notice. */
const mutations: readonly {
  readonly what: string
  readonly change: (run: SyntheticRun) => void
  readonly notices: readonly string[]
}[] = [
  {
    what: 'a packet to a pod that the policy covers, in clear',
    change: unseal,
    notices: ['services/wire.no-cleartext: fails'],
  },
  {
    what: 'a packet from a pod that the policy covers, in clear, at its own port',
    change: (run) => inject(run, 'services', 'wire/b', datagram('10.0.2.3', '10.0.1.2')),
    notices: ['services/wire.no-cleartext: fails'],
  },
  {
    what: 'a canary of a pod that the policy covers, in a packet of one that it does not',
    change: (run) => {
      const { token } = armOf(run, 'services').canaries.find(({ toPod }) => toPod === 'b1')!
      const packet = ipv4('192.168.0.1', '192.168.0.3', 17, udp(9, 9, Buffer.from(token)))
      inject(run, 'services', 'wire/a', ethernet(packet))
    },
    notices: ['services/wire.no-canary: fails'],
  },
  {
    what: 'a packet that no policy covers and that is nowhere on the wire',
    change: (run) => {
      const recording = recordingOf(run, 'services', 'wire/a')
      const at = recording.frames.findIndex(
        ({ data }) => data.includes(Buffer.from([10, 0, 3, 2])) && data[23] === 6,
      )
      recording.frames.splice(at, 1)
      recount(run, 'services', 'wire/a')
    },
    notices: ['services/wire.complete: fails', 'services/scope.side-by-side: fails'],
  },
  {
    what: 'a policy that covers every pod',
    change: (run) => {
      armOf(run, 'services').scope!.pods = run.facts.pods.map(({ name }) => name)
    },
    notices: [
      'services/wire.no-cleartext: fails',
      'services/wire.no-canary: fails',
      'services/wire.complete: fails',
      'services/scope.side-by-side: inconclusive',
    ],
  },
  {
    what: 'no policy at all',
    change: (run) => {
      delete armOf(run, 'services').scope
    },
    notices: [
      'services/wire.no-cleartext: fails',
      'services/wire.no-canary: fails',
      'services/wire.complete: fails',
      'services/scope.side-by-side: inconclusive',
    ],
  },
  {
    what: 'a misspelt policy that did no harm',
    change: (run) => {
      armOf(run, 'services/misspelt').scope!.pods = []
    },
    notices: [
      'services/misspelt/wire.no-cleartext: inconclusive',
      'services/misspelt/wire.no-canary: inconclusive',
      'services/misspelt/sabotage.caught: fails',
    ],
  },
]

describe('in an arm with a policy exactly what must notice does:', () => {
  for (const { what, change, notices } of mutations)
    test(what, () => {
      const judgement = judged(change, services)
      assert.deepEqual(surprises(judgement), notices)
      assert.notEqual(judgement.verdict, 'PROVEN')
    })
})
