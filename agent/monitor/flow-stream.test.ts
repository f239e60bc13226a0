import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { FlowRecord } from '../api.ts'
import { syntheticFlow } from '../synthetic.ts'
import { streamFlows } from './flow-stream.ts'
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

test('a reader that is too slow is told how many events it has missed, and where', async () => {
  const history = new FlowHistory()
  const reader = new SlowReader()
  let lost = 0
  const onLost = (count: number) => (lost += count)
  streamFlows(history, {}, reader, { node: 'n1', now: () => 9n, onLost })
  const long = syntheticFlow({ sourceLabels: { padding: 'x'.repeat(1 << 20) } })
  for (let count = 0; count < 10; count++) history.append(long)
  reader.wake()
  for (let turn = 0; turn < 20; turn++) await setImmediate()
  history.append(syntheticFlow())
  for (let turn = 0; turn < 20; turn++) await setImmediate()
  assert.ok(lost > 0)
  assert.deepEqual(
    reader.read.filter((record) => 'lost' in record),
    [{ time: '9', node: 'n1', where: 'reader', lost }],
  )
  assert.equal(reader.read.filter((record) => !('lost' in record)).length, 11 - lost)
  assert.deepEqual(reader.read.at(-1), syntheticFlow())
})

test('that some of what was asked for is forgotten comes first', () => {
  const history = new FlowHistory(2)
  const reader = new SlowReader()
  reader.wake()
  for (const time of ['1', '2', '3']) history.append(syntheticFlow({ time }))
  const options = { node: 'n1', now: () => 1_000_003n, onLost: () => {} }
  streamFlows(history, { since: 2, follow: false }, reader, options)
  assert.deepEqual(reader.read[0], { time: '2', node: 'n1', where: 'history', lost: 1 })
  assert.equal(reader.read.length, 3)
  assert.ok(reader.writableEnded)
})
