import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Flow, FlowRecord } from '../api.ts'
import { FlowHistory } from './history.ts'

const at = (time: number) => ({ time: `${time}`, node: 'n1', packets: 1 }) as Flow
const times = (records: readonly FlowRecord[]) => records.map(({ time }) => Number(time))

function filled(capacity: number, count: number): FlowHistory {
  const history = new FlowHistory(capacity)
  for (let time = 1; time <= count; time++) history.append(at(time))
  return history
}

test('what was appended comes back in order, from a time on or the latest of it', () => {
  const history = filled(10, 5)
  assert.deepEqual(times(history.since(3n).records), [3, 4, 5])
  assert.deepEqual(times(history.last(2)), [4, 5])
  assert.deepEqual(times(history.last(99)), [1, 2, 3, 4, 5])
  assert.deepEqual(history.last(0), [])
})

test('no more is remembered than fits, the latest, in order still', () => {
  const history = filled(4, 10)
  assert.equal(history.size, 4)
  assert.deepEqual(times(history.since(0n).records), [7, 8, 9, 10])
  assert.deepEqual(times(history.last(3)), [8, 9, 10])
  assert.deepEqual(times(filled(4, 4).last(4)), [1, 2, 3, 4])
})

test('that something of the time asked for is forgotten is said, and only then', () => {
  const history = filled(4, 10)
  assert.equal(history.since(7n).forgotten, 0)
  assert.equal(history.since(6n).forgotten, 6)
  assert.equal(filled(4, 4).since(0n).forgotten, 0)
})

test('who has subscribed hears of each record once, until it has had enough', () => {
  const history = new FlowHistory(2)
  const heard: FlowRecord[] = []
  const listener = (record: FlowRecord) => heard.push(record)
  const stop = history.subscribe(listener)
  history.subscribe(listener)
  history.append(at(1))
  stop()
  history.append(at(2))
  assert.deepEqual(times(heard), [1, 1, 2])
})
