import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AgentStatus } from '../../agent/api.ts'
import { syntheticStatus } from '../../agent/synthetic.ts'
import { findingsOf, isHealthy } from './findings.ts'
import { clusterOverview, nodeOverview, plain } from './overview.ts'

const answered = (changes: Partial<AgentStatus> = {}) => ({ node: 'n1', status: syntheticStatus(changes) })
const [peer] = syntheticStatus().peers as [AgentStatus['peers'][number]]

test('a node that encrypts, strictly, with all its peers is healthy and nothing is to be said of it', () => {
  assert.deepEqual(findingsOf(answered()), [])
  assert.equal(isHealthy(answered()), true)
})

describe('a node is not healthy', () => {
  const cases: [string, Partial<AgentStatus>, RegExp][] = [
    ['when encryption is off', { encryptL3: false }, /ENCRYPTION IS OFF/],
    ['when it is not strict', { strict: false }, /STRICT IS OFF/],
    ['when it waits', { settled: false, waiting: ['n2: its agent has not started'] }, /waits for n2/],
    ['when the store is not understood', { problems: ['pods/x.json is not understood'] }, /pods\/x.json/],
    ['when it cannot send to a peer', { peers: [{ ...peer, sends: false }] }, /cannot send to n2/],
    ['when it cannot receive', { peers: [{ ...peer, receives: false }] }, /receives nothing from n2/],
    ['when numbers run out', { sequence: { highest: 2 ** 36 * 1.5, limit: 2 ** 36 } }, /used 150 %/],
  ]
  for (const [when, changes, says] of cases)
    test(when, () => {
      assert.equal(isHealthy(answered(changes)), false)
      assert.match(
        findingsOf(answered(changes))
          .map((each) => each.says)
          .join(),
        says,
      )
    })

  test('when nobody answers', () => {
    const [finding] = findingsOf({ node: 'n1', problem: 'its agent hangs' })
    assert.equal(finding?.says, 'its agent hangs')
    assert.match(finding?.remedy ?? '', /wireproof logs n1/)
  })
})

describe('a node is healthy, and something is to be said of it', () => {
  const dropped = { 'to-wire/dropped/clear-on-wire': { packets: 3, bytes: 300 } }
  const cases: [string, Partial<AgentStatus>, RegExp][] = [
    [
      'when IPsec refused packets',
      { refused: { XfrmInNoStates: 2 } },
      /XfrmInNoStates 2: ESP arrived for an SPI/,
    ],
    ['when a newer kernel counts something', { refused: { XfrmNew: 1 } }, /does not know/],
    ['when packets were dropped', { counters: dropped }, /dropped 3 \(clear-on-wire\): protected packets/],
    ['when a notice was given', { notices: ['policy default/web selects no pod'] }, /selects no pod/],
    ['when events were lost', { events: { told: 9, remembered: 9, lost: 4 } }, /4 flow events lost/],
  ]
  for (const [when, changes, says] of cases)
    test(when, () => {
      assert.equal(isHealthy(answered(changes)), true)
      const [finding, ...more] = findingsOf(answered(changes))
      assert.match(finding?.says ?? '', says)
      assert.notEqual(finding?.remedy, '')
      assert.deepEqual(more, [])
    })
})

const now = Date.parse('2026-11-25T10:05:00Z')

test('a cluster is a line a node, and what is wrong with several of them is said once', () => {
  const permissive = { strict: false }
  const text = clusterOverview(
    'lab',
    [
      answered(permissive),
      { ...answered(permissive), node: 'n2' },
      { node: 'n3', problem: 'its agent hangs' },
    ],
    now,
    plain,
  )
  assert.match(text, /^lab lab: 3 of 3 nodes need attention$/m)
  assert.match(text, /^n1 +settled +on +NO +3 +5 min +1\/1 +60 s ago +1 +<0.01 % +0 +0 +0$/m)
  assert.match(text, /^n3 +no answer$/m)
  assert.match(text, /^✗ n1, n2: STRICT IS OFF/m)
  assert.match(text, /^✗ n3: its agent hangs$/m)
})

test('a node is told with its peers and their keys, and no key', () => {
  const text = nodeOverview(answered(), now, plain)
  assert.match(text, /^node n1: healthy$/m)
  assert.match(text, /^ {2}key +id 3, in use for 5 min$/m)
  assert.match(text, /^n2 +yes +yes +0x30010001 +0x30020002 +3\/3 +60 s ago$/m)
})
