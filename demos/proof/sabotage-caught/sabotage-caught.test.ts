import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type SabotageArm, sabotageOf } from '../arms.ts'
import { judged, stateOf, surprises } from '../judged.ts'
import { modes, type SabotageKind, sabotageKinds } from '../sabotage.ts'
import { armOf, inject, recordingOf, recount, type SyntheticRun } from '../synthetic.ts'
import { sabotagedNode, strangersPort } from '../synthetic-arm.ts'
import { ethernet, ipv4, udp } from '../synthetic-packet.ts'
import { dropCounter, noStateCounter } from './dropped.ts'
import { arrivalCounter } from './leaked.ts'
import { integrityCounter } from './refused.ts'

const only = (arm: SabotageArm) => ({ sabotages: [sabotageOf(arm)!.kind] })

test('a run in which everything was broken once is PROVEN, each in the way it must be', () => {
  const judgement = judged(undefined, { sabotages: sabotageKinds })
  assert.deepEqual(surprises(judgement), [])
  assert.equal(judgement.verdict, 'PROVEN')
  const verdicts = (kind: SabotageKind) => modes.map((mode) => judgement.arms[`${kind}/${mode}`]!.verdict)
  assert.deepEqual(Object.fromEntries(sabotageKinds.map((kind) => [kind, verdicts(kind)])), {
    'policies-deleted': ['LEAK', 'PROVEN'],
    'sa-deleted': ['PROVEN', 'PROVEN'],
    'mark-cleared': ['LEAK', 'PROVEN'],
    'pod-unguarded': ['LEAK', 'PROVEN'],
    'wrong-key': ['LEAK', 'LEAK'],
    'agent-killed': ['PROVEN', 'PROVEN'],
    'agent-bypassed': ['LEAK', 'LEAK'],
  })
})

const withoutCanary = (run: SyntheticRun, arm: SabotageArm, instrument: string) => {
  const { token } = armOf(run, arm).canaries.find(({ fromPod }) => fromPod === 'a1')!
  const recording = recordingOf(run, arm, instrument)
  recording.frames = recording.frames.filter(({ data }) => !data.includes(token))
  recount(run, arm, instrument)
}
const deliver = (run: SyntheticRun, arm: SabotageArm) => {
  armOf(run, arm).canaries.find(({ fromPod, toPod }) => fromPod === 'a1' && toPod === 'b1')!.delivered = true
}
const podPacket = ethernet(ipv4('10.0.1.2', '10.0.2.2', 17, udp(9, 9, Buffer.from('nothing known')), 63))

/** Each takes away one thing that had to be seen: exactly sabotage.caught must notice. */
const mutations: readonly {
  readonly what: string
  readonly arm: SabotageArm
  readonly change: (run: SyntheticRun, arm: SabotageArm) => void
  readonly says: RegExp
}[] = [
  {
    what: 'a leak that was captured only in part',
    arm: 'policies-deleted/permissive',
    change: (run, arm) => withoutCanary(run, arm, `wire/${sabotagedNode}`),
    says: /1 canary of sabotaged pods arrived and was not seen on the wire/,
  },
  {
    what: 'a leak of a pod that was not sabotaged',
    arm: 'policies-deleted/permissive',
    change: (run, arm) =>
      inject(run, arm, 'wire/b', ethernet(ipv4('10.0.2.2', '10.0.1.2', 17, udp(1, 1, Buffer.alloc(9))))),
    says: /1 frame in clear came from pods that were not sabotaged/,
  },
  {
    what: 'a leak of the neighbour of the one pod that was sabotaged',
    arm: 'pod-unguarded/permissive',
    change: (run, arm) =>
      inject(run, arm, 'wire/a', ethernet(ipv4('10.0.1.3', '10.0.2.2', 17, udp(1, 1, Buffer.alloc(9))))),
    says: /1 frame in clear came from pods that were not sabotaged/,
  },
  {
    what: 'a bypass that the capture at its port saw only in part',
    arm: 'agent-bypassed/permissive',
    change: (run, arm) => withoutCanary(run, arm, strangersPort),
    says: /1 canary of sabotaged pods arrived and was not seen on the wire/,
  },
  {
    what: 'a strict agent that counted no drop',
    arm: 'policies-deleted/strict',
    change: (run, arm) => {
      armOf(run, arm).countersAfter[sabotagedNode]![dropCounter]!.packets = 0
    },
    says: /did not reach the wire, and its agent counted no drop/,
  },
  {
    what: 'a kernel without an SA that counted no drop',
    arm: 'sa-deleted/permissive',
    change: (run, arm) => {
      armOf(run, arm).refusalsAfter[sabotagedNode]![noStateCounter] = 0
    },
    says: /did not reach the wire, and its kernel counted no drop/,
  },
  {
    what: 'a kernel whose count is older than the arm',
    arm: 'sa-deleted/strict',
    change: (run, arm) => {
      const { refusalsBefore, refusalsAfter } = armOf(run, arm)
      refusalsBefore[sabotagedNode] = { ...refusalsAfter[sabotagedNode] }
    },
    says: /counted no drop/,
  },
  {
    what: 'receivers that refused nothing of what a stranger sealed',
    arm: 'wrong-key/strict',
    change: (run, arm) => {
      armOf(run, arm).refusalsAfter.b![integrityCounter] = 0
    },
    says: /and no kernel refused one/,
  },
  {
    what: 'nodes that refused nothing of what came around the agent',
    arm: 'agent-bypassed/strict',
    change: (run, arm) => {
      armOf(run, arm).countersAfter.b![arrivalCounter]!.packets = 0
    },
    says: /no agent counted that it refused it/,
  },
  {
    what: 'a canary of a pod that no agent guarded within its own node',
    arm: 'agent-killed/strict',
    change: (run, arm) => {
      armOf(run, arm).canaries.find(({ fromPod, toPod }) => fromPod === 'a1' && toPod === 'a2')!.delivered =
        true
    },
    says: /1 canary came through to or from a pod that no agent had guarded/,
  },
  ...(['policies-deleted', 'sa-deleted', 'wrong-key', 'agent-killed', 'agent-bypassed'] as const).map(
    (kind) => ({
      what: `a canary that arrived although nothing may: ${kind}`,
      arm: `${kind}/strict` as const,
      change: deliver,
      says: /1 canary (of sabotaged pods )?(arrived|came through)/,
    }),
  ),
  ...sabotageKinds.map((kind) => ({
    what: `a bystander that was harmed: ${kind}`,
    arm: `${kind}/strict` as const,
    change: (run: SyntheticRun, arm: SabotageArm) => {
      armOf(run, arm).canaries.find(({ fromPod, toPod }) => fromPod === 'b1' && toPod === 'c1')!.delivered =
        false
    },
    says: /1 canary between pods that were not sabotaged did not arrive/,
  })),
]

describe('what has to be seen of a sabotage and is not', () => {
  for (const { what, arm, change, says } of mutations)
    test(`${what}: sabotage.caught fails, and nothing else`, () => {
      const judgement = judged((run) => change(run, arm), only(arm))
      assert.deepEqual(surprises(judgement), [`${arm}/sabotage.caught: fails`])
      assert.equal(judgement.verdict, 'INCONCLUSIVE')
      assert.match(judgement.says, says)
    })
})

describe('a frame of a pod in clear where nothing may leave is a LEAK', () => {
  for (const kind of sabotageKinds.filter((each) => each !== 'agent-bypassed'))
    test(`${kind}, strict`, () => {
      const arm = `${kind}/strict` as const
      const judgement = judged((run) => inject(run, arm, 'wire/a', podPacket), only(arm))
      assert.equal(judgement.verdict, 'LEAK')
      assert.equal(judgement.arms[arm]?.verdict, 'LEAK')
      assert.equal(stateOf(judgement, arm, 'sabotage.caught').state, 'fails')
    })
})

describe('a sabotage that concerns nobody, or that the settings contradict, proves nothing', () => {
  for (const kind of sabotageKinds)
    test(kind, () => {
      const arm = `${kind}/permissive` as const
      const nobody = judged((run) => {
        armOf(run, arm).sabotage!.pods = []
      }, only(arm))
      assert.equal(stateOf(nobody, arm, 'sabotage.caught').state, 'inconclusive')
      const strict = judged((run) => {
        armOf(run, arm).settings.strict = true
      }, only(arm))
      assert.equal(stateOf(strict, arm, 'sabotage.caught').state, 'inconclusive')
    })
})

test('an instrument that missed something leaves open what a sabotage came to', () => {
  for (const kind of sabotageKinds) {
    const arm = `${kind}/strict` as const
    const judgement = judged((run) => {
      armOf(run, arm).instruments.find(({ name }) => name === 'wire/c')!.dropped = 1
    }, only(arm))
    assert.equal(stateOf(judgement, arm, 'sabotage.caught').state, 'inconclusive', kind)
  }
})
