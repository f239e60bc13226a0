import assert from 'node:assert/strict'
import { test } from 'node:test'
import { syntheticFlow, syntheticLoss } from '../synthetic.ts'
import { type FlowFilter, type FlowQuery, isWanted, matches, readQuery, writeQuery } from './filter.ts'

const flow = syntheticFlow()

const cases: [string, FlowFilter, boolean][] = [
  ['nothing', {}, true],
  ['encrypted', { encrypted: true }, true],
  ['unencrypted', { encrypted: false }, false],
  ['its verdict', { verdict: 'encrypted' }, true],
  ['another verdict', { verdict: 'dropped' }, false],
  ['its source', { pod: 'a' }, true],
  ['its destination', { pod: 'b' }, true],
  ['another pod', { pod: 'c' }, false],
  ['the node of either end', { node: 'n2' }, true],
  ['another node', { node: 'n3' }, false],
  ['two things that both hold', { pod: 'a', encrypted: true }, true],
  ['two things of which one does not', { pod: 'a', verdict: 'clear' }, false],
]

for (const [what, filter, expected] of cases)
  test(`a flow ${expected ? 'matches' : 'does not match'} a filter for ${what}`, () =>
    assert.equal(matches(filter, flow), expected))

test('a loss is told whatever is asked for', () => {
  assert.ok(isWanted({ pod: 'nobody', verdict: 'clear' }, syntheticLoss()))
})

test('a query arrives as it was sent', () => {
  const query: FlowQuery = {
    encrypted: false,
    verdict: 'clear',
    pod: 'a&b',
    node: 'n1',
    since: 5,
    last: 0,
    follow: false,
  }
  assert.deepEqual(readQuery(new URLSearchParams(writeQuery(query))), query)
  assert.deepEqual(readQuery(new URLSearchParams('')), {})
})

for (const text of ['since=-1', 'since=', 'last=x', 'encrypted=yes', 'verdict=lost', 'colour=red'])
  test(`a query that makes no sense is refused: ${text}`, () => {
    assert.throws(() => readQuery(new URLSearchParams(text)), { code: 'EQUERY', exitCode: 2 })
  })
