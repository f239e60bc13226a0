import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Writer } from '../writer.ts'
import { type MarkRule, readRule, writeRule } from './rule.ts'

function roundTrip(rule: MarkRule) {
  const writer = new Writer()
  writeRule(writer, rule)
  return readRule({ type: 32, flags: 0, sequence: 1, port: 0, payload: writer.bytes })
}

test('a rule is written and read with all it can say, in either family', () => {
  for (const family of [4, 6] as const) {
    const rule = { family, priority: 100, table: 22_352, mark: { value: 0x0a00, mask: 0x0e00 } }
    assert.deepEqual(roundTrip(rule), rule)
  }
})

test('a rule without a mark is for packets of all marks', () => {
  const rule = { family: 4, priority: 7, table: 300 } as const
  assert.deepEqual(roundTrip(rule), rule)
})

test('a rule of another family is none of ours', () => {
  const payload = Buffer.alloc(12)
  payload.writeUInt8(128, 0)
  assert.equal(readRule({ type: 32, flags: 0, sequence: 1, port: 0, payload }), undefined)
})
