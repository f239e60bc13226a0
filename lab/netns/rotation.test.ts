import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { SecurityAssociation } from '../../agent/api.ts'
import { type KeyUse, keepRotating, type Rotated, untilNextLook, whyRotate } from './rotation.ts'

const hour = 3_600_000
const use = (changes: Partial<KeyUse>): KeyUse => ({ age: hour, packets: 5, bytes: 500, ...changes })

describe('a key is replaced', () => {
  test('when it is old, and not before', () => {
    assert.equal(whyRotate(use({ age: hour - 1 }), { age: hour }), undefined)
    assert.equal(whyRotate(use({}), { age: hour }), 'it was 60 min old')
  })

  test('when one of its associations has carried enough', () => {
    assert.equal(whyRotate(use({}), { packets: 6, bytes: 501 }), undefined)
    assert.equal(whyRotate(use({}), { packets: 5 }), 'one SA had carried 5 packets')
    assert.equal(whyRotate(use({}), { bytes: 500 }), 'one SA had carried 500 bytes')
  })

  test('for what it has carried not within ten seconds, however much that is', () => {
    assert.equal(whyRotate(use({ age: 9999 }), { packets: 1 }), undefined)
    assert.ok(whyRotate(use({ age: 10_000 }), { packets: 1 }))
  })

  test('for its age as often as is asked for', () => {
    assert.ok(whyRotate(use({ age: 2000 }), { age: 2000 }))
  })
})

test('the next look is in time, within a minute, and within ten seconds where it is counted', () => {
  assert.equal(untilNextLook(use({ age: 0 }), { age: hour }), 60_000)
  assert.equal(untilNextLook(use({ age: hour - 5000 }), { age: hour }), 5000)
  assert.equal(untilNextLook(use({ age: 0 }), { age: hour, packets: 9 }), 10_000)
  assert.equal(untilNextLook(use({ age: 2 * hour }), { age: hour }), 0)
})

/** A lab whose key is as old as is said, and which is asked to rotate until it has been `times` times. */
function paperLab(times: number, rotate: (id: number) => void = () => {}) {
  const stop = new AbortController()
  let id = 3
  const lab: Rotated = {
    nodes: async () => [{ name: 'n1' }],
    securityAssociations: async () => [
      { spi: 0x3000_0001, packets: 10, bytes: 1 } as SecurityAssociation,
      { spi: 0x4000_0001, packets: 10, bytes: 1 } as SecurityAssociation,
    ],
    key: () => ({ id, age: hour }),
    rotateKey: async () => {
      const from = id++
      if (id - 3 === times) stop.abort()
      rotate(id)
      return { from, to: id }
    },
  }
  const said: string[] = []
  const report = (line: string) => void said.push(line)
  return { lab, said, report, signal: stop.signal, stop: () => stop.abort() }
}

test('a key that is due is replaced again and again, until it is enough', async () => {
  const { lab, said, report, signal } = paperLab(2)
  await keepRotating(lab, { age: hour }, report, signal)
  assert.deepEqual(said, [
    'every node sends under key 4, in place of key 3: it was 60 min old',
    'every node sends under key 5, in place of key 4: it was 60 min old',
  ])
})

test('a node that does not follow is told of, and the next rotation comes in its time', async () => {
  const { lab, said, report, signal } = paperLab(2, (id) => {
    if (id === 4) throw new Error('the agent of n2 does not answer')
  })
  await keepRotating(lab, { age: hour }, report, signal)
  assert.equal(said[0], 'key 4 is given out, and not every node follows: the agent of n2 does not answer')
  assert.match(said[1]!, /^every node sends under key 5/)
})

test('what earlier keys have carried is not counted', async () => {
  const { lab, said, report, signal, stop } = paperLab(9, (id) => {
    if (id === 5) stop()
  })
  await keepRotating({ ...lab, nodes: async () => [{ name: 'n1' }] }, { packets: 10 }, report, signal)
  assert.equal(said.length, 2, 'of key 5 there is nothing yet')
})
