import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { AgentCluster } from './agent-cluster.ts'

const nodes = [1, 2]
const directions = [
  [1, 2],
  [2, 1],
] as const
const all = (count: number) => ({ sent: count, received: count })

for (const underlay of ['ipv4', 'ipv6'] as const)
  describe(`pods of both families, nodes that reach each other by ${underlay}`, () => {
    let cluster: AgentCluster

    before(async () => {
      cluster = new AgentCluster(`dual-${underlay}`, { pods: 'both', underlay })
      for (const id of nodes) cluster.addNode(id)
      await Promise.all(nodes.map((id) => cluster.startAgent(id)))
      for (const id of nodes) await cluster.addPod(id)
      await cluster.settled(...nodes)
      // Links take their time to have an IPv6 address of their own, by which nodes ask where a pod is.
      for (const [from, to] of directions)
        for (let attempt = 0; (await ping6(from, to, 1)).received === 0; attempt++)
          assert.ok(attempt < 20, `p${to} does not answer p${from}`)
    })

    after(() => cluster?.close())

    const ping6 = (from: number, to: number, count: number) =>
      cluster.ping(from, to, count, 0.01, cluster.podAddress6(to))

    test('packets of both families cross, and the wire shows nothing but ESP', async () => {
      const frames = await cluster.onWire(async () => {
        for (const [from, to] of directions) {
          assert.deepEqual(await cluster.ping(from, to, 5), all(5))
          assert.deepEqual(await ping6(from, to, 5), all(5))
        }
      })
      assert.equal(frames.filter((frame) => frame.includes('ESP')).length, 40)
      assert.deepEqual(
        frames.filter((frame) => !frame.includes('ESP')),
        [],
      )
    })

    test('both families stay encrypted over a change of the cluster key, and none is lost', async () => {
      const pings = [cluster.ping(1, 2, 100), ping6(2, 1, 100)]
      const frames = await cluster.onWire(async () => {
        cluster.rotateKey(4)
        await cluster.settled(...nodes)
        assert.deepEqual(await Promise.all(pings), [all(100), all(100)])
      })
      assert.deepEqual(
        frames.filter((frame) => !frame.includes('ESP')),
        [],
      )
    })

    test('an address in the range of IPv6 pods that no node has claimed is not sent to', async () => {
      const counted = async () =>
        (await cluster.agent(1).status()).counters['from-pod/dropped/unknown-node']?.packets ?? 0
      const before = await counted()
      const frames = await cluster.onWire(() => cluster.ping(1, 9, 3, 0.01, 'fd00:9::2'))
      assert.deepEqual(frames, [])
      assert.equal(await counted(), before + 3)
    })

    test('control: with encryption off the same instrument sees both families in clear', async () => {
      cluster.configure({ encryptL3: false, strict: true })
      await cluster.settled(...nodes)
      const frames = await cluster.onWire(async () => {
        await cluster.ping(1, 2, 3)
        await ping6(1, 2, 3)
      })
      assert.ok(frames.some((frame) => frame.includes(`${cluster.podAddress(1)} > ${cluster.podAddress(2)}`)))
      const six = frames.filter((frame) =>
        frame.includes(`${cluster.podAddress6(1)} > ${cluster.podAddress6(2)}`),
      )
      // In clear an IPv6 packet needs a next hop, which nodes that have IPv4 only are not.
      assert.equal(six.length > 0, underlay === 'ipv6')
    })
  })
