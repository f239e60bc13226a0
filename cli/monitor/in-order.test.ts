import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InOrder } from './in-order.ts'

test('what comes within a moment is told in the order of time', () => {
  const told: string[] = []
  const order = new InOrder<{ time: string }>(10_000, ({ time }) => told.push(time))
  for (const time of ['10', '9', '11']) order.add({ time })
  assert.deepEqual(told, [])
  order.flush()
  assert.deepEqual(told, ['9', '10', '11'])
})

test('nothing is held back for longer than the moment', async () => {
  const told = await new Promise<string>((resolve) => {
    new InOrder<{ time: string }>(1, ({ time }) => resolve(time)).add({ time: '5' })
  })
  assert.equal(told, '5')
})
