import assert from 'node:assert/strict'
import test from 'node:test'
import { topologyOf } from '../embedded/topology.ts'
import type { LabInputs, LabRow, LabState, RunningLab } from '../lab-state.ts'
import { LabProvider } from './lab-provider.ts'
import type { Watching, Wireproof } from './wireproof.ts'

const urn = 'urn:pulumi:embedded::wireproof::wireproof-lab:index:Lab::lab'
const inputs: LabInputs = { name: 'lab', topology: topologyOf(3, 2) }

/** A command line that remembers its labs, and waits or fails where a test tells it to. */
class FakeWireproof implements Wireproof {
  readonly labs = new Map<string, LabRow>()
  fail?: { error: Error; leavesTheLab: boolean }
  hang = false

  async up({ name, topology }: LabInputs, { onLine, signal }: Watching): Promise<RunningLab> {
    onLine?.('starting agents')
    if (this.hang)
      await new Promise((_, reject) =>
        signal?.addEventListener('abort', () => reject(new Error('interrupted'))),
      )
    const nodes = topology.nodes.map((node, index) => ({
      name: node.name,
      id: index + 1,
      underlay: `172.30.0.${index + 1}`,
      podCidrs: [`10.244.${index + 1}.0/24`],
    }))
    const pods = (topology.pods ?? []).map((pod) => ({ ...pod, labels: {}, addresses: ['10.244.1.2'] }))
    const row = { name, kernel: 'uml 7.2.0', nodes: nodes.length, pods: pods.length }
    if (!this.fail || this.fail.leavesTheLab) this.labs.set(name, row)
    if (this.fail) throw this.fail.error
    return { name, kernel: { kind: 'uml', release: '7.2.0', machine: 'fake' }, nodes, pods }
  }

  async ls(): Promise<LabRow[]> {
    return [...this.labs.values()]
  }

  async down(name: string): Promise<void> {
    this.labs.delete(name)
  }
}

function start() {
  const wireproof = new FakeWireproof()
  const shown: string[] = []
  const provider = new LabProvider(wireproof, (on, line) => shown.push(`${on === urn ? 'lab' : on}: ${line}`))
  return { wireproof, shown, provider }
}

test('create stands the lab up under its name, and shows progress on its line', async () => {
  const { provider, wireproof, shown } = start()
  const { id, outs } = await provider.create(urn, inputs)
  assert.equal(id, 'lab')
  assert.equal((outs as LabState).kernelInUse, 'uml 7.2.0')
  assert.equal((outs as LabState).pods.length, 6)
  assert.deepEqual(shown, ['lab: starting agents'])
  assert.ok(wireproof.labs.has('lab'))
})

test('the same inputs are no change, whatever the order of their keys', async () => {
  const { provider } = start()
  const { outs } = await provider.create(urn, inputs)
  const reversed = Object.fromEntries(Object.entries(inputs.topology).reverse())
  const shuffled = { topology: reversed, name: 'lab' }
  assert.equal(
    (await provider.diff('lab', urn, outs as LabState, shuffled as unknown as LabInputs)).changes,
    false,
  )
})

test('another number of nodes changes the lab in place', async () => {
  const { provider } = start()
  const { outs } = await provider.create(urn, inputs)
  const more = { ...inputs, topology: topologyOf(4, 2) }
  const { changes, replaces } = await provider.diff('lab', urn, outs as LabState, more)
  assert.deepEqual([changes, replaces], [true, []])
  const updated = (await provider.update('lab', urn, outs as LabState, more)).outs as LabState
  assert.equal(updated.nodes.length, 4)
  assert.deepEqual(Object.keys(updated).sort(), Object.keys(outs as LabState).sort())
})

test('another name or kernel is another lab, and the old one goes first', async () => {
  const { provider } = start()
  const { outs } = await provider.create(urn, inputs)
  for (const change of [{ name: 'other' }, { kernel: 'uml' }]) {
    const diff = await provider.diff('lab', urn, outs as LabState, { ...inputs, ...change })
    assert.deepEqual(diff.replaces, Object.keys(change))
    assert.equal(diff.deleteBeforeReplace, true)
  }
})

test('a lab that vanished is read as gone', async () => {
  const { provider, wireproof } = start()
  const { outs } = await provider.create(urn, inputs)
  assert.equal((await provider.read('lab', urn, outs as LabState)).id, 'lab')
  wireproof.labs.clear()
  assert.equal((await provider.read('lab', urn, outs as LabState)).id, '')
})

test('a lab that lost a node is read as changed, so that the next up repairs it', async () => {
  const { provider, wireproof } = start()
  const { outs } = await provider.create(urn, inputs)
  wireproof.labs.set('lab', { name: 'lab', kernel: 'uml 7.2.0', nodes: 2, pods: 4 })
  const { props } = await provider.read('lab', urn, outs as LabState)
  assert.equal((await provider.diff('lab', urn, props as LabState, inputs)).changes, true)
})

test('a lab that failed and is gone leaves nothing in the state', async () => {
  const { provider, wireproof } = start()
  wireproof.fail = { error: new Error('the tun device is busy'), leavesTheLab: false }
  await assert.rejects(
    provider.create(urn, inputs),
    (error: Error & { id?: string }) => error.id === undefined,
  )
})

test('a lab that failed half-way and still runs is kept in the state, for destroy to remove', async () => {
  const { provider, wireproof } = start()
  wireproof.fail = { error: new Error('an agent did not start'), leavesTheLab: true }
  await assert.rejects(provider.create(urn, inputs), { id: 'lab', reasons: ['an agent did not start'] })
})

test('cancel, called twice as Pulumi does, interrupts what runs', async () => {
  const { provider, wireproof } = start()
  wireproof.hang = true
  const creating = assert.rejects(provider.create(urn, inputs), /interrupted/)
  await provider.cancel()
  await provider.cancel()
  await creating
})

test('check names the property that is wrong and what is allowed', async () => {
  const { provider } = start()
  const wrong = {
    name: 'My Lab',
    kernel: 'bsd',
    topology: { nodes: [{ name: 'n1' }], pods: [{ name: 'a1', node: 'n9' }] },
  }
  const { failures } = await provider.check(urn, inputs, wrong)
  assert.deepEqual(
    failures?.map(({ property }) => property),
    ['name', 'kernel', 'topology'],
  )
  assert.match(failures![1]!.reason, /must be one of host, uml/)
  assert.match(failures![2]!.reason, /pod a1 is on node n9; nodes are: n1/)
  assert.deepEqual((await provider.check(urn, inputs, inputs)).failures, [])
})
