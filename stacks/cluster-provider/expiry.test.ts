import assert from 'node:assert/strict'
import test from 'node:test'
import { expiry } from './expiry.ts'

const watching = { report: () => {}, warn: () => {}, signal: new AbortController().signal }
const start = Date.parse('2030-01-01T12:00:00.400Z')
const hour = 3_600_000

test('a cluster ends so long after its first up', async () => {
  const { state } = await expiry(() => start).create({ lifetime: 4 * hour }, watching)
  assert.equal(state.at, '2030-01-01T16:00:00.000Z')
})

test('later ups do not move the end, another lifetime does, from then', async () => {
  const first = await expiry(() => start).create({ lifetime: 4 * hour }, watching)
  const later = expiry(() => start + hour)
  assert.deepEqual(later.diff(first.state, { lifetime: 4 * hour }).changed, [])
  assert.deepEqual(later.diff(first.state, { lifetime: hour }), { changed: ['lifetime'], replaces: [] })
  assert.equal(
    (await later.update!(first.state, { lifetime: hour }, watching)).at,
    '2030-01-01T14:00:00.000Z',
  )
})

test('an end that has come is gone for a refresh, so that the next up begins another', async () => {
  const { state } = await expiry(() => start).create({ lifetime: hour }, watching)
  assert.equal(await expiry(() => start + hour - 1000).read!(state), state)
  assert.equal(await expiry(() => start + hour).read!(state), undefined)
})
