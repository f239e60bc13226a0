import assert from 'node:assert/strict'
import { test } from 'node:test'
import { syntheticFlow, syntheticLoss } from '../../agent/synthetic.ts'
import { FlowTable, type FlowTableOptions } from './flow-table.ts'

process.env.TZ = 'UTC'

const plain: FlowTableOptions = { names: ['a', 'bb'], withHeadings: false, withColour: false }
const person: FlowTableOptions = { names: ['a', 'bb'], withHeadings: true, withColour: true }

test('a flow is a line of columns that line up, and no cell holds a space', () => {
  const table = new FlowTable(plain)
  const first = table.lines(syntheticFlow())
  const clear = syntheticFlow({ verdict: 'clear', reason: 'encryption-off', encrypted: false })
  const { epoch: _, sourcePort: __, ...unknown } = clear
  const second = table.lines({ ...unknown, destination: '10.0.2.9' })
  assert.equal(
    first,
    '10:00:00.000  n1    from-pod   tcp    a:40000   b:80         encrypted  3    protected            4        400\n',
  )
  assert.deepEqual(second.split(/\s+/).slice(4, 9), ['a', 'b:80', 'clear', '-', 'encryption-off'])
  assert.equal(first.trimEnd().split(/\s+/).length, 11)
})

test('headings come first, and again when a column has grown', () => {
  const table = new FlowTable({ ...person, withColour: false })
  assert.match(table.lines(syntheticFlow()), /^TIME .* BYTES\n10:/)
  assert.match(table.lines(syntheticFlow()), /^10:/)
  const long = syntheticFlow({ sourcePod: 'a-name-that-nobody-expected' })
  assert.match(table.lines(long), /^TIME .* BYTES\n10:/)
})

test('an address stands where no pod is known, a node’s name for its own address', () => {
  const table = new FlowTable(plain)
  const { sourcePod: _, sourceNode: __, destinationPod: ___, sourcePort, ...rest } = syntheticFlow()
  assert.match(table.lines({ ...rest, source: '2001:db8::1', sourcePort: 53 }), / \[2001:db8::1\]:53 +n2:80 /)
})

test('what is in clear is red, what is dropped yellow, and colour is left out where it is not wanted', () => {
  const table = new FlowTable(person)
  const lineOf = (verdict: 'clear' | 'dropped' | 'encrypted') =>
    table.lines(syntheticFlow({ verdict })).split('\n').at(-2)!
  assert.ok(lineOf('clear').startsWith('\x1b[31m10:'))
  assert.ok(lineOf('dropped').startsWith('\x1b[33m10:'))
  assert.ok(lineOf('encrypted').includes(' \x1b[32mencrypted\x1b[39m '))
  assert.ok(!new FlowTable(plain).lines(syntheticFlow({ verdict: 'clear' })).includes('\x1b'))
})

test('a loss is a line of its own', () => {
  assert.equal(
    new FlowTable(plain).lines(syntheticLoss()),
    '10:00:00.000  n1  7 events are missing here: its kernel’s ring buffer was full\n',
  )
})

test('no line is wider than the terminal', () => {
  const [heading = '', line = ''] = new FlowTable({ ...person, withColour: false, width: 60 })
    .lines(syntheticFlow())
    .split('\n')
  assert.deepEqual([heading.length, line.length, line.at(-1)], [60, 60, '…'])
})
