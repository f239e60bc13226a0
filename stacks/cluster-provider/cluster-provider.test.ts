import assert from 'node:assert/strict'
import test from 'node:test'
import { Problem } from '../../lab/problem.ts'
import { ClusterProvider } from './cluster-provider.ts'
import type { ResourceKind } from './resource-kind.ts'
import { closed, opened } from './secrets.ts'

const urn = 'urn:pulumi:kind::wireproof::wireproof:index:Encrypted$wireproof-cluster:index:Safe::mine'

interface Safe {
  readonly content: string
}

function start(kind: Partial<ResourceKind<Safe, Safe>> = {}) {
  const lines: string[] = []
  const safe: ResourceKind<Safe, Safe> = {
    secrets: ['content'],
    diff: (state, inputs) => ({ changed: state.content === inputs.content ? [] : ['content'], replaces: [] }),
    create: async (inputs) => ({ id: 'safe', state: inputs }),
    read: async (state) => state,
    ...kind,
  }
  return { provider: new ClusterProvider({ Safe: safe }, (_urn, line) => lines.push(line)), lines }
}

const secret = closed({ content: 'gold' }, ['content'])

test('a kind sees what is secret, and Pulumi gets it back as a secret', async () => {
  const seen: unknown[] = []
  const { provider } = start({
    create: async (inputs) => {
      seen.push(inputs)
      return { id: 'safe', state: inputs }
    },
  })
  const { outs } = await provider.create(urn, secret)
  assert.deepEqual(seen, [{ content: 'gold' }])
  assert.notDeepEqual(outs, seen[0])
  assert.deepEqual(opened(outs), seen[0])
  assert.deepEqual(await provider.read('safe', urn, outs), { id: 'safe', props: outs })
})

test('a secret that is the same is no change', async () => {
  const { provider } = start()
  assert.equal((await provider.diff('safe', urn, secret, secret)).changes, false)
  assert.equal((await provider.diff('safe', urn, secret, { content: 'lead' })).changes, true)
})

test('what is gone has no id', async () => {
  const { provider } = start({ read: async () => undefined })
  assert.deepEqual(await provider.read('safe', urn, secret), { id: '', props: {} })
})

test('what goes wrong is told with its remedy', async () => {
  const { provider } = start({
    create: async () => {
      throw new Problem('ELOCK', 4, 'it is locked', 'Use the key.')
    },
  })
  await assert.rejects(provider.create(urn, secret), { message: 'it is locked\nUse the key.' })
})

test('cancel, called twice as Pulumi does, ends what runs', async () => {
  const { provider } = start({
    create: (_inputs, { signal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  })
  const creating = assert.rejects(provider.create(urn, secret), /interrupted/)
  await provider.cancel()
  await provider.cancel()
  await creating
})

test('a type that nobody serves is named', async () => {
  const { provider } = start()
  await assert.rejects(
    provider.create(urn.replace(':Safe', ':Vault'), secret),
    /wireproof-cluster:index:Vault/,
  )
})
