import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FLOW_EVENT, hooks, readFlowEvent, reasons, verdicts, writeAddress } from './datapath-layout.ts'
import { FlowBatch } from './flow-batch.ts'

function written(number: number, source: string, destination: string): Buffer {
  const bytes = Buffer.alloc(FLOW_EVENT.size)
  bytes.writeBigUInt64LE(BigInt(number) << 33n, FLOW_EVENT.time)
  writeAddress(source).copy(bytes, FLOW_EVENT.source)
  writeAddress(destination).copy(bytes, FLOW_EVENT.destination)
  bytes.writeBigUInt64LE(7n, FLOW_EVENT.packets)
  bytes.writeBigUInt64LE(700n, FLOW_EVENT.bytes)
  bytes.writeUInt16LE(40_000 + number, FLOW_EVENT.sourcePort)
  bytes.writeUInt16LE(443, FLOW_EVENT.destinationPort)
  bytes[FLOW_EVENT.protocol] = 6
  bytes[FLOW_EVENT.hook] = hooks.indexOf('to-wire')
  bytes[FLOW_EVENT.verdict] = verdicts.indexOf('dropped')
  bytes[FLOW_EVENT.reason] = reasons.indexOf('clear-on-wire')
  bytes.writeUInt32LE(0x8000_0001, FLOW_EVENT.sourceIdentity)
  bytes.writeUInt32LE(0xffff_0e00, FLOW_EVENT.mark)
  return bytes
}

/** Laid out as in a ring: a header before each. */
function located(events: readonly Buffer[]) {
  const size = FLOW_EVENT.size + 8
  const bytes = Buffer.alloc(events.length * size)
  events.forEach((event, i) => {
    event.copy(bytes, i * size + 8)
  })
  const offsets = Uint32Array.from(events, (_, i) => i * size + 8)
  return { count: events.length, bytes, offsets, lengths: Uint32Array.from(events, ({ length }) => length) }
}

const events = [
  written(1, '10.0.1.2', '10.0.2.2'),
  written(2, 'fd00::1', '10.0.2.2'),
  written(3, '10.0.1.2', '10.0.3.2'),
  // Ends as an IPv4 address in 16 bytes does, and is none.
  written(4, 'fd00::ffff:a00:102', '::a00:102'),
]

test('each event of a batch is what it is by itself', () => {
  const batch = new FlowBatch().take(located(events))
  assert.deepEqual(
    events.map((_, i) => batch.event(i)),
    events.map((bytes) => readFlowEvent(bytes)),
  )
})

test('what a filter asks for is read in place', () => {
  const batch = new FlowBatch().take(located(events))
  assert.equal(batch.count, 4)
  assert.equal(hooks[batch.hook(2)], 'to-wire')
  assert.equal(verdicts[batch.verdict(2)], 'dropped')
  assert.equal(reasons[batch.reason(2)], 'clear-on-wire')
  assert.equal(batch.sourcePort(2), 40_003)
})

test('a batch is taken in place of the last', () => {
  const batch = new FlowBatch().take(located(events))
  batch.take(located([written(9, '10.0.9.2', '10.0.2.2')]))
  assert.equal(batch.count, 1)
  assert.equal(batch.event(0).source, '10.0.9.2')
})

test('events of another length are refused, and so are numbers without a name', () => {
  const batch = new FlowBatch()
  assert.throws(() => batch.take(located([Buffer.alloc(FLOW_EVENT.size - 8)])), /not 72: rebuild bpf/)
  const strange = written(1, '10.0.1.2', '10.0.2.2')
  strange[FLOW_EVENT.verdict] = 99
  assert.throws(() => batch.take(located([strange])).event(0), /number 99, unknown here: rebuild bpf/)
})
