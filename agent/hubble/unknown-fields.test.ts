import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadSchema } from './schema.ts'
import { unknownFields } from './unknown-fields.ts'

const { flow, observer } = loadSchema()
const request = flow.root.lookupType('observer.GetFlowsRequest')
const unknown = (hex: string) => unknownFields(request, Buffer.from(hex, 'hex'))

test('a request of known fields has no unknown ones', () => {
  const bytes = observer.GetFlows!.requestSerialize({
    number: '5',
    whitelist: [{ source_pod: ['a'], encrypted: [true], event_type: [{ type: 4 }], source_identity: [1, 2] }],
    since: { seconds: '1', nanos: 2 },
    field_mask: { paths: ['time'] },
  })
  assert.deepEqual(unknownFields(request, bytes), [])
})

test('unknown fields are found at every depth, of every wire type, and are all named', () => {
  // Field 99 as varint, as 64 bits, as bytes, as 32 bits; and in whitelist.event_type.
  assert.deepEqual(unknown('980601'), [{ path: [], number: 99 }])
  assert.deepEqual(unknown('99060000000000000000'), [{ path: [], number: 99 }])
  assert.deepEqual(unknown('9a060100'), [{ path: [], number: 99 }])
  assert.deepEqual(unknown('9d0600000000'), [{ path: [], number: 99 }])
  assert.deepEqual(unknown('32053203980601'), [{ path: ['whitelist', 'event_type'], number: 99 }])
  assert.deepEqual(
    unknown('980601' + '3203980601').map(({ path }) => path.join()),
    ['', 'whitelist'],
  )
})

test('bytes that are no message are an error', () => {
  for (const hex of ['3205', '98', '9f']) assert.throws(() => unknown(hex))
})
