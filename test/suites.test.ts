import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseClusterKey } from '../agent/keys/cluster-key.ts'
import { encryptionOverhead as agentOverhead, suites } from '../agent/keys/suite.ts'
import { encryptionOverhead } from '../lab/netns/layout.ts'
import { newClusterKey, suiteNames } from '../lab/suites.ts'

// The lab and the agent know each other's suites by name only, as a cluster and its agents do: here they are compared.

test('the agent reads the keys that a lab makes, as keys for what the lab calls them', () => {
  assert.deepEqual(Object.keys(suites).sort(), [...suiteNames].sort())
  for (const name of suiteNames) {
    const { suite, id } = parseClusterKey(newClusterKey(7, name))
    assert.deepEqual([suite.name, id], [name, 7])
  }
})

test('pods of a lab leave room for the most expensive suite, and not for more', () => {
  const overheads = Object.values(suites).flatMap((suite) =>
    (['ipv4', 'ipv6'] as const).map((outer) => agentOverhead(suite, outer)),
  )
  assert.equal(encryptionOverhead, Math.max(...overheads))
})
