import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseClusterKey } from '../agent/keys/cluster-key.ts'
import { encryptionOverhead as agentOverhead, suites } from '../agent/keys/suite.ts'
import { vxlanOverhead as agentVxlanOverhead } from '../agent/plan/overlay.ts'
import { encryptionOverhead, overheadOf, vxlanOverhead } from '../lab/netns/layout.ts'
import { newClusterKey, suiteNames } from '../lab/suites.ts'

// The lab and the agent know each other's suites by name only, as a cluster and its agents do: here they are compared.

test('the agent reads the keys that a lab makes, as keys for what the lab calls them', () => {
  assert.deepEqual(Object.keys(suites).sort(), [...suiteNames].sort())
  for (const name of suiteNames) {
    const { suite, id } = parseClusterKey(newClusterKey(7, name))
    assert.deepEqual([suite.name, id], [name, 7])
  }
})

test('what VXLAN adds to a packet at most is the same to the lab and to the agent', () => {
  assert.equal(vxlanOverhead, Math.max(agentVxlanOverhead(4), agentVxlanOverhead(6)))
  assert.equal(overheadOf('vxlan') - overheadOf('native'), vxlanOverhead)
})

test('pods of a lab leave room for the most expensive suite, and not for more', () => {
  const overheads = Object.values(suites).flatMap((suite) =>
    (['ipv4', 'ipv6'] as const).map((outer) => agentOverhead(suite, outer)),
  )
  assert.equal(encryptionOverhead, Math.max(...overheads))
})
