import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseClusterKey } from './keys/cluster-key.ts'
import { fateOf } from './simulation/fate.ts'
import { MemoryCluster } from './simulation/memory-cluster.ts'
import { SimulatedNode } from './simulation/simulated-node.ts'

const key = parseClusterKey(`3+ rfc4106(gcm(aes)) ${'11'.repeat(20)} 128`)

function twoNodes(strict: boolean): { plain: SimulatedNode; other: SimulatedNode } {
  const cluster = new MemoryCluster({ encryptL3: true, strict, clusterCidrs: ['10.0.0.0/8'] }, key)
  const [plain, other] = [1, 2].map((id) => {
    const node = { name: `n${id}`, underlay: `192.168.0.${id}`, podCidrs: [`10.0.${id}.0/24`] }
    cluster.putNode(node)
    cluster.putPod({ name: `p${id}`, node: node.name, addresses: [`10.0.${id}.2`], labels: {} })
    return new SimulatedNode(cluster, node)
  }) as [SimulatedNode, SimulatedNode]
  plain.kernel.hasEsp = false
  for (const node of [plain, other]) node.start()
  return { plain, other }
}

/** Long enough for them to agree, where they can. */
function agree({ plain, other }: ReturnType<typeof twoNodes>): void {
  for (let now = 0; now < 20_000; now += 2000) for (const node of [plain, other]) node.pass(now)
}

const fate = (from: SimulatedNode, [source, destination]: readonly [number, number]) =>
  fateOf(from.kernel, {
    from: 'pod',
    source: `10.0.${source}.2`,
    destination: `10.0.${destination}.2`,
    protocol: 'UDP',
    sourcePort: 1,
    destinationPort: 2,
  })

test('a node whose kernel cannot encrypt is guarded, says why, and nobody sends to it', () => {
  const nodes = twoNodes(true)
  agree(nodes)
  const { obstacle, waiting } = nodes.plain.pass(20_000)
  assert.equal(obstacle?.code, 'ENOESP')
  assert.match(waiting[0] ?? '', /this kernel cannot encrypt: it has no ESP/)
  assert.deepEqual([fate(nodes.plain, [1, 2]), fate(nodes.other, [2, 1])], ['held', 'held'])
  assert.deepEqual([nodes.plain.kernel.states.size, nodes.plain.kernel.policies.size], [0, 0])
})

test('out of strict mode it lets pass in clear what it cannot encrypt, as any does', () => {
  const nodes = twoNodes(false)
  agree(nodes)
  assert.equal(fate(nodes.plain, [1, 2]), 'clear')
})

test('it joins the others once its kernel can', () => {
  const nodes = twoNodes(true)
  agree(nodes)
  nodes.plain.kernel.hasEsp = true
  agree(nodes)
  assert.equal(nodes.plain.pass(60_000).obstacle, undefined)
  for (const [from, way] of [
    [nodes.plain, [1, 2]],
    [nodes.other, [2, 1]],
  ] as const) {
    const sealed = fate(from, way)
    assert.ok(typeof sealed === 'object', `${sealed}`)
  }
})
