import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { addressBook } from './address-book.ts'
import { judged, stateOf, surprises } from './judged.ts'
import { courseOf } from './moments.ts'
import { observe } from './observe.ts'
import { armOf, provenRun, recordingOf, recount, type SyntheticRun } from './synthetic.ts'

const changes = ['churn'] as const
const arm = 'churn'

describe('who has an address', () => {
  const stay = (from: number, until: number) => ({
    ...{ from: `${from}`, ready: `${from}`, leaving: `${until}`, until: `${until}` },
  })
  const node = { id: 9, underlay: '192.168.0.9', podCidrs: ['10.0.9.0/24'] }
  const pod = { addresses: ['10.0.9.2'] }
  const book = addressBook({ nodes: [], pods: [] }, undefined, {
    nodes: [
      { ...node, name: 'one', ...stay(100, 200) },
      { ...node, name: 'two', ...stay(300, 401) },
      { ...node, name: 'three', underlay: '192.168.0.8', ...stay(400, 500) },
    ],
    pods: [
      { ...pod, name: 'one1', node: 'one', ...stay(110, 190) },
      { ...pod, name: 'two1', node: 'two', ...stay(310, 390) },
    ],
  })
  const holderAt = (time: bigint) => {
    const there = book.at(time)
    return [there.homeOf('10.0.9.2')?.name, there.podAt('10.0.9.2')?.name]
  }

  test('depends on when it is asked', () => {
    assert.deepEqual(holderAt(99n), [undefined, undefined])
    assert.deepEqual(holderAt(100n), ['one', undefined])
    assert.deepEqual(holderAt(150n), ['one', 'one1'])
    assert.deepEqual(holderAt(200n), [undefined, undefined])
    assert.deepEqual(holderAt(350n), ['two', 'two1'])
    assert.deepEqual(holderAt(500n), [undefined, undefined])
    assert.equal(book.at(150n).nodeAt('192.168.0.9')?.name, 'one')
    assert.equal(book.at(350n).senderAt('10.0.9.2')?.name, 'two1')
  })

  test('is the heir where both seem to have it for a moment', () => {
    assert.deepEqual(holderAt(400n), ['three', undefined])
  })

  test('does not matter for what is protected: that it is throughout', () => {
    assert.ok(book.isOfPods('10.0.9.2') && book.isOfCluster('10.0.9.77', '192.0.2.1'))
    assert.deepEqual(
      book.podAddressBytes.map(({ address }) => address),
      ['10.0.9.2'],
    )
  })
})

const visitorIn = (run: SyntheticRun, visit: number) => armOf(run, arm).change!.guests!.pods[visit - 1]!
const streamTo = (run: SyntheticRun, pod: string) =>
  armOf(run, arm).streams!.find(({ toPod }) => toPod === pod)!

/** As if nobody had been there to receive the last datagram of the stream to a guest. */
function loseLast(run: SyntheticRun, pod: string): void {
  const { token } = streamTo(run, pod)
  for (const instrument of [`pod/${pod}`]) {
    const recording = recordingOf(run, arm, instrument)
    recording.frames = recording.frames.filter(({ data }) => !data.includes(`${token} 6 `))
    recount(run, arm, instrument)
  }
}

test('what is sent to somebody who is gone need not arrive, and is no gap', () => {
  const judgement = judged(
    (run) => {
      const pod = visitorIn(run, 1)
      const { token } = streamTo(run, pod.name)
      const sent = recordingOf(run, arm, 'pod/a1').frames.find(({ data }) => data.includes(`${token} 6 `))!
      loseLast(run, pod.name)
      // The last that it had to answer was the one before.
      pod.leaving = `${sent.time - 1n + 500_000_000n}`
    },
    { changes },
  )
  assert.deepEqual(surprises(judgement), [])
  const { numbers, says } = stateOf(judgement, arm, 'app.lossless')
  assert.deepEqual([numbers.lost, numbers.cutOff], [0, 1])
  assert.match(says, /but 1 that were sent while nobody was there to receive them/)
})

test('what is sent to somebody who is there has to arrive', () => {
  const run = provenRun({ changes })
  loseLast(run, visitorIn(run, 1).name)
  assert.equal(courseOf(observe(run).arms.get(arm)!)!.lost, 1)
  const judgement = judged((each) => loseLast(each, visitorIn(each, 1).name), { changes })
  assert.deepEqual(surprises(judgement), [`${arm}/app.lossless: fails`])
})

/** The last packet to a guest never left its sender's node. */
function holdBackLast(run: SyntheticRun): bigint {
  const recording = recordingOf(run, arm, 'wire/a')
  const last = recording.frames.findLast(({ data }) => data[33] === 9)!
  recording.frames = recording.frames.filter((each) => each !== last)
  recount(run, arm, 'wire/a')
  return last.time
}

test('what is sent to somebody who is about to leave need not be on the wire, and else must', () => {
  const held = judged(
    (run) => {
      visitorIn(run, 2).leaving = `${holdBackLast(run) - 100_000n}`
    },
    { changes },
  )
  assert.equal(stateOf(held, arm, 'wire.complete').state, 'holds')
  assert.equal(stateOf(held, arm, 'wire.complete').numbers.heldBack, 1)
  const missing = judged(holdBackLast, { changes })
  assert.equal(stateOf(missing, arm, 'wire.complete').state, 'fails')
})

test('where whoever is said to have joined was never seen, nothing is known of a loss', () => {
  const judgement = judged(
    (run) => {
      const { guests } = armOf(run, arm).change!
      guests!.pods.push({ ...guests!.pods[0]!, name: 'ghost', addresses: ['10.0.9.3'] })
      armOf(run, arm).instruments.push({ name: 'pod/ghost', captured: 0, passed: 0, dropped: 0 })
    },
    { changes },
  )
  assert.match(
    stateOf(judgement, arm, 'app.lossless').says,
    /^Nothing that ghost sent is on the wire, and it is said to have joined/,
  )
  const few = judged(
    (run) => {
      armOf(run, arm).change!.rounds = 3
      armOf(run, arm).change!.moments.push({ ...armOf(run, arm).change!.moments[0]! })
    },
    { changes },
  )
  assert.match(
    stateOf(few, arm, 'app.lossless').says,
    /^2 nodes joined, and in each of 3 rounds one is said to have/,
  )
})

test('a guest without an instrument is no proof', () => {
  const judgement = judged(
    (run) => {
      const facts = armOf(run, arm)
      facts.instruments = facts.instruments.filter(({ name }) => name !== 'wire/g2')
    },
    { changes },
  )
  assert.match(stateOf(judgement, arm, 'wire.counted').says, /there was no instrument at wire\/g2/)
})
