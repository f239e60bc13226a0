import assert from 'node:assert/strict'
import test from 'node:test'
import { resultsIn, surprises } from './results.ts'

const spec = (text: string, State: string, more = {}) => ({
  ContainerHierarchyTexts: ['[sig-network] Netpol'],
  LeafNodeText: text,
  LeafNodeType: 'It',
  State,
  RunTime: 2_400_000_000,
  ...more,
})

const report = JSON.stringify([
  {
    SpecReports: [
      { ...spec('', 'passed'), LeafNodeType: 'BeforeSuite' },
      spec('isolates', 'passed'),
      spec('allows', 'failed', { Failure: { Message: 'Had 3 wrong results\nin the matrix' } }),
      spec('talks SCTP', 'skipped'),
      spec('hangs', 'timedout'),
    ],
  },
])
const name = (text: string) => `[sig-network] Netpol ${text}`

test('the cases of a report are those that were asked for, by their whole names', () => {
  assert.deepEqual(
    resultsIn(report, (each) => !each.includes('SCTP')),
    [
      { name: name('isolates'), outcome: 'passed', seconds: 2 },
      { name: name('allows'), outcome: 'failed', seconds: 2, failure: 'Had 3 wrong results' },
      { name: name('hangs'), outcome: 'failed', seconds: 2 },
    ],
  )
})

test('a case that fails is a surprise unless it is known to, and one that no longer does is one too', () => {
  const results = resultsIn(report, () => true)
  assert.deepEqual(surprises(results, new Map([[name('hangs'), 'why']])), [
    `failed: ${name('allows')}: Had 3 wrong results`,
  ])
  const known = new Map(['isolates', 'allows', 'hangs'].map((each) => [name(each), 'why']))
  assert.deepEqual(surprises(results, known), [`passes by now, and is said to fail: ${name('isolates')}`])
})

test('a run in which nothing was run proves nothing', () => {
  assert.deepEqual(surprises([], new Map()), ['no case was run'])
})
