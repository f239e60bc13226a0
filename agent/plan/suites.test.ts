import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keyBytes, type SuiteName, suiteNames, suiteOf, suites } from '../keys/suite.ts'
import { MemoryCluster } from '../simulation/memory-cluster.ts'
import { SimulatedNode } from '../simulation/simulated-node.ts'

const keyOf = (name: SuiteName, id: number) => ({
  id,
  suite: suites[name],
  material: Buffer.alloc(keyBytes(suites[name]), id),
})

/** Two nodes that have agreed on a key of the suite. */
function pair(name: SuiteName) {
  const cluster = new MemoryCluster({ encryptL3: true, strict: true, clusterCidrs: [] }, keyOf(name, 3))
  const nodes = [1, 2].map((id) => {
    const node = { name: `n${id}`, underlay: `192.168.0.${id}`, podCidrs: [`10.0.${id}.0/24`] }
    cluster.putNode(node)
    return new SimulatedNode(cluster, node)
  })
  const [one, other] = nodes as [SimulatedNode, SimulatedNode]
  for (const node of nodes) node.start()
  for (let now = 0; now < 4000; now += 500) for (const node of nodes) node.pass(now)
  return { cluster, one, other, plan: () => one.plan.peer('n2')! }
}

test('associations are of the suite of the cluster key, with extended sequence numbers and a wide window', () => {
  for (const name of suiteNames) {
    const { states } = pair(name).plan()
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
  const mtu = (name: SuiteName) => pair(name).plan().routes[0]?.mtu
  assert.deepEqual(suiteNames.map(mtu), [1443, 1443, 1443, 1423])
})

for (const from of suiteNames)
  for (const to of suiteNames.filter((name) => name !== from))
    test(`from ${from} to ${to}: each step waits for the other node, and nothing in use is taken away before`, () => {
      const { cluster, one, other, plan } = pair(from)
      const [earlierIn, earlierOut] = plan().states
      const suitesOf = () => plan().states.map((state) => suiteOf(state)?.name)

      cluster.key = keyOf(to, 4)
      one.pass(4000)
      assert.deepEqual(suitesOf(), [to], 'it can be heard under the new key')
      assert.equal(plan().outboundSpi, earlierOut?.spi, 'and is sent to under the old one')
      assert.deepEqual(
        plan()
          .retained.map(({ spi }) => spi)
          .sort(),
        [earlierIn?.spi, earlierOut?.spi].sort(),
      )
      assert.equal(one.kernel.states.size, 3)

      other.pass(4000)
      one.pass(4000)
      assert.deepEqual(suitesOf(), [to, to])
      assert.equal(plan().outboundSpi, plan().states[1]?.spi)
      assert.ok([...one.kernel.states.values()].some(({ spi }) => spi === earlierIn?.spi))

      for (const now of [5500, 7000]) for (const node of [one, other]) node.pass(now)
      assert.deepEqual(plan().retained, [])
      assert.equal(plan().waiting, undefined)
      assert.equal(one.kernel.states.size, 2)
    })
