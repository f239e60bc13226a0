import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judged, stateOf, surprises } from './judged.ts'
import type { Denial } from './run.ts'
import { armOf, recordingOf, recount, type SyntheticRun } from './synthetic.ts'
import { esp, ethernet, routed } from './synthetic-packet.ts'

const denied = { changes: ['policy'] } as const
/** The first datagram that was denied as it left, in its sender's capture. */
const deniedFrame = (run: SyntheticRun) => {
  const [{ direction, inForce }] = armOf(run, 'policy').change!.denials as [Denial]
  assert.equal(direction, 'egress')
  const { token } = armOf(run, 'policy').streams!.find(
    ({ fromPod, toPod }) => fromPod === 'a1' && toPod === 'b1',
  )!
  const found = recordingOf(run, 'policy', 'pod/a1').frames.find(
    ({ time, data }) => time > BigInt(inForce) && data.includes(token),
  )
  return found!
}
const mutations: Record<string, { change: (run: SyntheticRun) => void; says: RegExp; state?: string }> = {
  'a packet that arrived all the same': {
    change: (run) => {
      const { data, time, length } = deniedFrame(run)
      const { frames } = recordingOf(run, 'policy', 'pod/b1')
      frames.push({ data, length, time: time + 1n })
      frames.sort((a, b) => (a.time < b.time ? -1 : 1))
      recount(run, 'policy', 'pod/b1')
    },
    says: /^1 packet that a policy denied was not stopped.*: datagram 3 from a1 to b1 arrived against default\/cut-off-b1\/egress/,
  },
  'a packet that was on the wire, encrypted': {
    change: (run) => {
      const { after } = run.associations.find((each) => each.arm === 'policy')!
      const { frames } = recordingOf(run, 'policy', 'wire/a')
      const inner = routed(deniedFrame(run).data.subarray(14), 1)
      const [receiver, sender] = ['in', 'out'].map(
        (direction) =>
          after.findLast(
            (sa) =>
              sa.direction === direction && sa.source === '192.168.0.1' && sa.destination === '192.168.0.2',
          )!,
      )
      for (const sa of [receiver!, sender!]) {
        sa.packets++
        sa.bytes += inner.length
        sa.sequence = `${BigInt(sa.sequence) + 1n}`
      }
      const data = ethernet(esp(inner, { ...sender!, sequence: BigInt(sender!.sequence), iv: 0xffffn }))
      frames.push({ data, length: data.length, time: frames.at(-1)!.time + 1n })
      recount(run, 'policy', 'wire/a')
    },
    says: /^1 packet that a policy denied was not stopped.*: a packet was on the wire against/,
  },
  'a rule that no agent named': {
    change: (run) => {
      const change = armOf(run, 'policy').change!
      change.dropped = change.dropped!.filter(
        ({ protocol, fromPod }) => protocol !== 'tcp' || fromPod !== 'c1',
      )
    },
    says: /^No agent named default\/cut-off-b1\/egress for TCP from c1 to b1/,
  },
  'a session that did not go on': {
    change: (run) => {
      const { token } = armOf(run, 'policy').sessions!.find(({ toPod }) => toPod === 'b1')!
      const { frames } = recordingOf(run, 'policy', 'pod/b1')
      frames.splice(
        frames.findLastIndex(({ data }) => data.includes(token)),
        1,
      )
      recount(run, 'policy', 'pod/b1')
    },
    says: /^The TCP session from a1 to b1 did not go on: of 576 bytes 480 arrived/,
  },
  'a session that no capture shows': {
    change: (run) => {
      armOf(run, 'policy').sessions![0]!.port = 1
    },
    says: /^The TCP session from a1 to b1 was opened 0 times/,
  },
  'a policy under which nobody sent': {
    change: (run) => {
      for (const denial of armOf(run, 'policy').change!.denials!) denial.inForce = denial.lifting
    },
    says: /^Nothing was sent that a policy denied/,
    state: 'inconclusive',
  },
}
for (const [what, { change, says, state = 'fails' }] of Object.entries(mutations))
  test(`one check notices ${what}`, () => {
    const judgement = judged(change, denied)
    assert.deepEqual(surprises(judgement), [`policy/policy.enforced: ${state}`])
    assert.match(stateOf(judgement, 'policy', 'policy.enforced').says, says)
  })

test('what was denied is excused from having crossed, and nothing else is', () => {
  const judgement = judged((run) => {
    for (const denial of armOf(run, 'policy').change!.denials!) denial.pod = 'c1'
  }, denied)
  assert.ok(surprises(judgement).includes('policy/wire.complete: fails'))
  assert.ok(surprises(judgement).includes('policy/app.lossless: fails'))
})

test('a policy that is obeyed although an agent hangs is no control', () => {
  const judgement = judged((run) => {
    for (const denial of armOf(run, 'policy/frozen').change!.denials!) denial.pod = 'nobody'
  }, denied)
  assert.match(stateOf(judgement, 'policy/frozen', 'sabotage.caught').says, /^Nothing arrived that must not/)
  assert.notEqual(judgement.verdict, 'PROVEN')
})
