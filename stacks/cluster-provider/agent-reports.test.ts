import assert from 'node:assert/strict'
import test from 'node:test'
import type { WireproofNode } from '../../agent/kubernetes/node-status.ts'
import { agentReports, unmet } from './agent-reports.ts'

const wanted = { encryptL3: true, strict: true, keyId: 2 }

function reportOf(name: string, status: string, reason: string, keyId = 2): WireproofNode {
  const condition = { type: 'Encrypting', status, reason, message: 'so it is', lastTransitionTime: '' }
  return { metadata: { name }, status: { keyId, conditions: [condition] } } as unknown as WireproofNode
}

const waiting = (nodes: readonly string[], reports: readonly WireproofNode[], asked = wanted) =>
  unmet(agentReports(nodes, reports), asked)

test('agents that do what was asked are waited for no longer', () => {
  assert.deepEqual(
    waiting(['a', 'b'], [reportOf('b', 'True', 'Strict'), reportOf('a', 'True', 'Strict')]),
    [],
  )
})

test('one that cannot encrypt has said its last word, in whatever mode', () => {
  const reports = [reportOf('a', 'False', 'NoESP')]
  for (const strict of [true, false]) assert.deepEqual(waiting(['a'], reports, { ...wanted, strict }), [])
})

test('a node without a word, with an earlier key or in another mode is waited for, and told of', () => {
  const reports = [
    reportOf('silent', 'Unknown', 'AgentSilent'),
    reportOf('late', 'True', 'Strict', 1),
    reportOf('lax', 'True', 'Permissive'),
  ]
  assert.deepEqual(waiting(['new', 'silent', 'late', 'lax'], reports), [
    'late has key 1, not yet 2',
    'lax is Permissive, not yet Strict',
    'no agent has been heard of on new',
    'silent: so it is',
  ])
})

test('what an agent says of a node that is gone counts for nothing, and no node is no success', () => {
  assert.deepEqual(waiting(['a'], [reportOf('a', 'True', 'Strict'), reportOf('gone', 'Unknown', 'x')]), [])
  assert.deepEqual(waiting([], []), ['there is no node'])
})

test('what was switched off is switched off', () => {
  const off = { ...wanted, encryptL3: false }
  assert.deepEqual(waiting(['a'], [reportOf('a', 'False', 'SwitchedOff')], off), [])
  assert.equal(waiting(['a'], [reportOf('a', 'True', 'Strict')], off).length, 1)
})
