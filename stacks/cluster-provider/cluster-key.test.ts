import assert from 'node:assert/strict'
import test from 'node:test'
import { parseClusterKey } from '../../agent/keys/cluster-key.ts'
import { suiteOfClusterKey } from '../../lab/suites.ts'
import { clusterKey } from './cluster-key.ts'
import type { Watching } from './resource-kind.ts'

const watching: Watching = { report: () => {}, warn: () => {}, signal: new AbortController().signal }
const inputs = { suite: 'aes-gcm-128', generation: 1 } as const

test('a key is one that agents read, and secret', async () => {
  const { state } = await clusterKey.create(inputs, watching)
  assert.equal(parseClusterKey(state.key).id, state.keyId)
  assert.equal(suiteOfClusterKey(state.key), 'aes-gcm-128')
  assert.deepEqual(clusterKey.secrets, ['key'])
})

test('the same configuration is the same key', async () => {
  const { state } = await clusterKey.create(inputs, watching)
  assert.deepEqual(clusterKey.diff(state, inputs), { changed: [], replaces: [] })
})

test('another suite or generation is another key, in place and under the next id', async () => {
  const { state } = await clusterKey.create(inputs, watching)
  for (const change of [{ generation: 2 }, { suite: 'chacha20-poly1305' }] as const) {
    const wanted = { ...inputs, ...change }
    assert.deepEqual(clusterKey.diff(state, wanted), { changed: Object.keys(change), replaces: [] })
    const next = await clusterKey.update!(state, wanted, watching)
    assert.equal(next.keyId, state.keyId + 1)
    assert.notEqual(next.key.slice(2), state.key.slice(2))
    assert.equal(suiteOfClusterKey(next.key), wanted.suite)
  }
})

test('after the last id comes the first', async () => {
  let { state } = await clusterKey.create(inputs, watching)
  const ids = []
  for (let generation = 2; generation <= 17; generation++) {
    state = await clusterKey.update!(state, { ...inputs, generation }, watching)
    ids.push(state.keyId)
  }
  assert.deepEqual(ids, [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 1, 2])
})
