import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { Evidence } from '../demos/evidence/format.ts'
import { playedDemo } from './played-demo.ts'
import { kernelsToTest, leftovers } from './wireproof.ts'

describe(`the fire drill on kernel ${kernelsToTest[0]}`, () => {
  const played = playedDemo(['fire-drill'])

  test('breaks seven things in two modes, and each shows as it must', () => {
    const { arms, checks }: Evidence = JSON.parse(readFileSync(join(played.bundle, 'evidence.json'), 'utf8'))
    const caught = checks.filter(({ id, state }) => id === 'sabotage.caught' && state === 'holds')
    assert.equal(caught.length, 14)
    const leaks = Object.entries(arms).flatMap(([arm, { verdict }]) => (verdict === 'LEAK' ? [arm] : []))
    assert.deepEqual(leaks, [
      'control',
      'policies-deleted/permissive',
      'mark-cleared/permissive',
      'pod-unguarded/permissive',
      'wrong-key/permissive',
      'wrong-key/strict',
      'agent-bypassed/permissive',
      'agent-bypassed/strict',
    ])
  })

  test('leaves nothing on the machine', () => assert.deepEqual(leftovers(), []))
})
