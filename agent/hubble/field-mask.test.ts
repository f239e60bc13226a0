import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseFieldMask } from './field-mask.ts'
import { loadSchema } from './schema.ts'

const { flow } = loadSchema()
const message = {
  verdict: 'FORWARDED',
  source: { identity: 1, labels: ['a', 'b'] },
  l4: { TCP: { source_port: 1, destination_port: 2 } },
}

test('a mask keeps what it names, whole or in part, and no mask keeps everything', () => {
  const kept = (...paths: string[]) => parseFieldMask(flow, paths)(message)
  assert.deepEqual(kept(), message)
  assert.deepEqual(kept('verdict'), { verdict: 'FORWARDED' })
  assert.deepEqual(kept('source'), { source: message.source })
  assert.deepEqual(kept('source.labels', 'l4.TCP.source_port', 'ethernet'), {
    source: { labels: ['a', 'b'] },
    l4: { TCP: { source_port: 1 } },
  })
})

test('a part of what is kept whole takes nothing away, in either order', () => {
  for (const paths of [
    ['source', 'source.labels'],
    ['source.labels', 'source'],
  ])
    assert.deepEqual(parseFieldMask(flow, paths)(message), { source: message.source })
})

for (const path of ['', 'nothing', 'source.nothing', 'verdict.name', 'source.', 'constructor', '__proto__'])
  test(`a path that a flow has not is refused: ${JSON.stringify(path)}`, () =>
    assert.throws(() => parseFieldMask(flow, [path]), { code: 3, details: /no field of a flow/ }))
