import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Announcement, ClusterNode, ClusterState } from '../cluster/state.ts'
import { PairKeys } from '../keys/pair-key.ts'
import { keyBytes, type SuiteName, suiteNames, suiteOf, suites } from '../keys/suite.ts'
import { type Plan, planNode } from './plan.ts'

const strict = { encryptL3: true, strict: true }
const lives = { n1: '11'.repeat(16), n2: '22'.repeat(16) }
const node = (id: number): ClusterNode => ({
  name: `n${id}`,
  id,
  underlay: `192.168.0.${id}`,
  podCidr: `10.0.${id}.0/24`,
})

/** Two nodes with a cluster key of this suite and id, of which the other one has said this. */
function cluster(name: SuiteName, keyId: number, said: Partial<Announcement> = {}): ClusterState {
  const others = { n1: lives.n1 }
  const announcement = {
    incarnation: lives.n2,
    key: keyId,
    receives: others,
    sends: others,
    datapath: strict,
  }
  const suite = suites[name]
  return {
    settings: strict,
    key: { id: keyId, suite, material: Buffer.alloc(keyBytes(suite), keyId) },
    nodes: [node(1), node(2)],
    pods: [],
    incarnations: new Map(Object.entries(lives)),
    announcements: new Map([['n2', { ...announcement, ...said }]]),
    problems: [],
  }
}

function plan(state: ClusterState, kernel: Partial<Plan> = {}): Plan {
  return planNode({
    self: node(1),
    incarnation: lives.n1,
    cluster: state,
    keys: new PairKeys(),
    presentStates: kernel.states ?? [],
    presentPolicies: kernel.policies ?? [],
    wire: { device: 'eth0', mtu: 1500 },
  })
}

test('associations are of the suite of the cluster key, with extended sequence numbers and a wide window', () => {
  for (const name of suiteNames) {
    const { states } = plan(cluster(name, 3))
    assert.equal(states.length, 2)
    for (const state of states) {
      assert.equal(suiteOf(state)?.name, name)
      assert.equal(state.esn, true)
    }
    const [inbound, outbound] = states
    assert.equal(inbound?.replayWindow, 1024)
    // The kernel refuses extended sequence numbers without a window; for sending it is of no use.
    assert.equal(outbound?.replayWindow, 1)
  }
})

test('routes leave room for what the suite adds to a packet', () => {
  const mtu = (name: SuiteName) => plan(cluster(name, 3)).routes[0]?.mtu
  assert.deepEqual(suiteNames.map(mtu), [1443, 1443, 1443, 1423])
})

for (const from of suiteNames)
  for (const to of suiteNames.filter((name) => name !== from))
    test(`from ${from} to ${to}: each step waits for the other node, and nothing in use is taken away before`, () => {
      const before = plan(cluster(from, 3))
      const [earlierIn, earlierOut] = before.states
      const suitesOf = (states: Plan['states']) => states.map((state) => suiteOf(state)?.name)

      // The other node has not read the new key yet.
      const first = plan(cluster(to, 4, { key: 3 }), before)
      assert.deepEqual(suitesOf(first.states), [to], 'it can be heard under the new key')
      assert.equal(first.peers[0]?.outboundSpi, earlierOut?.spi, 'and is sent to under the old one')
      assert.deepEqual(
        first.peers[0]?.retained.map(({ spi }) => spi).sort(),
        [earlierIn?.spi, earlierOut?.spi].sort(),
      )
      assert.equal(new Set([...before.states, ...first.states].map(({ spi }) => spi)).size, 3)

      // It receives under the new key, and still sends under the old one.
      const kernel = { ...first, states: [...before.states, ...first.states] }
      const second = plan(cluster(to, 4, { sends: {} }), kernel)
      assert.deepEqual(suitesOf(second.states), [to, to])
      assert.equal(second.peers[0]?.outboundSpi, second.states[1]?.spi)
      assert.deepEqual(
        second.peers[0]?.retained.map(({ spi }) => spi),
        [earlierIn?.spi],
      )

      const last = plan(cluster(to, 4), { ...second, states: [...kernel.states, ...second.states] })
      assert.deepEqual(last.peers[0]?.retained, [])
      assert.equal(last.peers[0]?.waiting, undefined)
    })
