import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decode } from 'tcpdump-parse'
import { judged, stateOf, surprises } from './judged.ts'
import { opener } from './opener.ts'
import { armOf, recordingOf, recount, type SyntheticRun } from './synthetic.ts'
import { esp, ethernet } from './synthetic-packet.ts'

const changes = ['churn'] as const
const arm = 'churn'
const id = 'addresses.apart'

const guestsIn = (run: SyntheticRun) => armOf(run, arm).change!.guests!
const associationsIn = (run: SyntheticRun) => run.associations.find((each) => each.arm === arm)!
const heirsOwn = (run: SyntheticRun) =>
  associationsIn(run).after.find(({ node, direction }) => node === 'g2' && direction === 'out')!

test('a run in which nodes come and go and inherit addresses is PROVEN', () => {
  const judgement = judged(undefined, { changes })
  assert.deepEqual(surprises(judgement), [])
  const { says, numbers } = stateOf(judgement, arm, id)
  assert.deepEqual(numbers, { addresses: 1, toOtherNodes: 1, holders: 2, packets: 52, wrong: 0 })
  assert.match(says, /^1 address had 2 pods one after the other, 1 of them on different nodes/)
})

describe('an heir whose traffic is not its own', () => {
  test('an association that the predecessor’s kernel held', () => {
    const judgement = judged(
      (run) => {
        heirsOwn(run).node = 'g1'
      },
      { changes },
    )
    assert.deepEqual(surprises(judgement), [`${arm}/${id}: fails`])
    assert.match(
      stateOf(judgement, arm, id).says,
      /packets to or from 1 address that were handed on are not sealed between whom the address belonged to, the first: SPI 0x9001 from 10\.0\.9\.2, which g2 had then, is g1's\.$/,
    )
  })

  test('an association that both of them held', () => {
    const judgement = judged(
      (run) => {
        associationsIn(run).after.push({ ...heirsOwn(run), node: 'g1' })
      },
      { changes },
    )
    assert.match(stateOf(judgement, arm, id).says, /which g2 had then, is g2 and g1's\.$/)
  })

  test('one packet that is sealed with the predecessor’s key, between the same addresses', () => {
    const judgement = judged(
      (run) => {
        const { after } = associationsIn(run)
        const before = after.find(
          ({ node, direction, destination }) =>
            node === 'g1' && direction === 'out' && destination === '192.168.0.1',
        )!
        const { frames } = recordingOf(run, arm, 'wire/g2')
        const open = opener(associationsIn(run))
        const frame = frames.find(({ data }) => open.open(decode(data, 1)).ok)!
        const opened = open.open(decode(frame.data, 1))
        assert.ok(opened.ok)
        frame.data = ethernet(
          esp(opened.inner, { ...before, sequence: BigInt(before.sequence) + 1n, iv: 99n }),
        )
        frame.length = frame.data.length
      },
      { changes },
    )
    assert.ok(surprises(judgement).includes(`${arm}/${id}: fails`))
    assert.equal(stateOf(judgement, arm, id).numbers.wrong, 1)
    assert.equal(stateOf(judgement, arm, 'wire.complete').state, 'holds', 'no other check knows whose it is')
  })

  test('a packet at a time at which nobody has the address', () => {
    const judgement = judged(
      (run) => {
        const [first] = guestsIn(run).nodes
        first!.until = first!.ready
      },
      { changes },
    )
    assert.match(stateOf(judgement, arm, id).says, /which nobody had then, is g1's\.$/)
    assert.equal(stateOf(judgement, arm, 'wire.complete').state, 'fails')
  })
})

test('where no address went to another node, nothing is known of heirs', () => {
  const judgement = judged(
    (run) => {
      for (const pod of guestsIn(run).pods) pod.node = 'g2'
    },
    { changes },
  )
  assert.deepEqual(
    [stateOf(judgement, arm, id).state, stateOf(judgement, arm, id).says],
    ['inconclusive', 'No address of a pod was handed on to a pod on another node.'],
  )
})

test('an heir that was never sent anything is known of by half', () => {
  const judgement = judged(
    (run) => {
      const recording = recordingOf(run, arm, 'wire/a')
      recording.frames = recording.frames.filter(({ data }) => data[33] !== 9)
      recount(run, arm, 'wire/a')
    },
    { changes },
  )
  assert.match(stateOf(judgement, arm, id).says, /^The wire captures do not show packets both to and from g1/)
})
