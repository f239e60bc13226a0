import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plain } from '../player/index.ts'
import { attemptKinds, observe } from '../proof/index.ts'
import { provenRun } from '../proof/synthetic.ts'
import { attemptsPicture } from './attempts-picture.ts'

test('what was tried is told with who stopped it, and what arrived where nobody did', () => {
  const lines = attemptsPicture(observe(provenRun({ changes: ['spoof'] })))!({ width: 84, style: plain })
  assert.equal(lines.length, 2 * (1 + 2 * attemptKinds.length) + 1)
  assert.deepEqual(lines.slice(1, 3), [
    '  stranger: a packet in clear, under a pod’s address',
    '    0 of 2 arrived; agent, from-wire/dropped/clear-from-wire 2',
  ])
  assert.ok(lines.includes('    2 of 2 arrived; agent, from-wire/dropped/clear-from-wire 0'))
})

test('where nobody tried anything there is nothing to tell', () => {
  assert.equal(attemptsPicture(observe(provenRun({ changes: ['rotate'] }))), undefined)
})
