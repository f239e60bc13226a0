import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { FlowRecord } from '../api.ts'
import { syntheticFlow } from '../synthetic.ts'
import { largestBacklog, streamFlows } from './flow-stream.ts'
import { FlowHistory } from './history.ts'

/** A reader that takes nothing until it is told to. */
class SlowReader extends Writable {
  readonly read: FlowRecord[] = []
  #go: (() => void)[] = []
  #isAwake = false

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.read.push(JSON.parse(`${chunk}`))
    if (this.#isAwake) done()
    else this.#go.push(done)
  }

  wake(): void {
    this.#isAwake = true
    for (const done of this.#go.splice(0)) done()
  }
}

const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn++) await setImmediate()
}

test('a reader that is too slow is told how many events it has missed, and where', async () => {
  const history = new FlowHistory()
  const reader = new SlowReader()
  let lost = 0
  const onLost = (count: number) => (lost += count)
  streamFlows(history, {}, reader, { node: 'n1', now: () => 9n, onLost })
  const total = largestBacklog + 1000
  for (let count = 0; count < total; count++) history.append(syntheticFlow())
  assert.ok(lost > 0 && lost < 1000, `${lost}`)
  reader.wake()
  while (reader.read.length < total - lost + 1) await turns(1)
  assert.deepEqual(reader.read.at(-1), { time: '9', node: 'n1', where: 'reader', lost })
  history.append(syntheticFlow())
  await turns(2)
  assert.deepEqual(reader.read.at(-1), syntheticFlow())
  assert.equal(reader.read.filter((record) => 'lost' in record).length, 1)
})

test('the whole past is told, however slowly it is read', async () => {
  const total = 3 * largestBacklog
  const history = new FlowHistory()
  for (let count = 0; count < total; count++) history.append(syntheticFlow())
  const reader = new SlowReader()
  const onLost = () => assert.fail('nothing is lost')
  streamFlows(history, { last: total, follow: false }, reader, { node: 'n1', now: () => 9n, onLost })
  await turns(3)
  assert.equal(reader.writableEnded, false)
  reader.wake()
  while (!reader.writableFinished) await turns(1)
  assert.equal(reader.read.length, total)
})

test('that some of what was asked for is forgotten comes first', async () => {
  const history = new FlowHistory(2)
  const reader = new SlowReader()
  reader.wake()
  for (const time of ['1', '2', '3']) history.append(syntheticFlow({ time }))
  const options = { node: 'n1', now: () => 1_000_003n, onLost: () => {} }
  streamFlows(history, { since: 2, follow: false }, reader, options)
  while (!reader.writableFinished) await turns(1)
  assert.deepEqual(reader.read[0], { time: '2', node: 'n1', where: 'history', lost: 1 })
  assert.equal(reader.read.length, 3)
})
