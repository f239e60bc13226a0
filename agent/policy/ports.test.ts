import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { portMatches, prefixesOf } from './ports.ts'

const range = fc.tuple(fc.integer({ min: 1, max: 65_535 }), fc.integer({ min: 1, max: 65_535 }))

test('a range is its prefixes, each port once, and never more than thirty', () => {
  fc.assert(
    fc.property(range, (ends) => {
      const [first, last] = [Math.min(...ends), Math.max(...ends)]
      const prefixes = prefixesOf(first, last)
      let next = first
      for (const { port, length } of prefixes) {
        assert.equal(port, next)
        assert.equal(port % 2 ** (16 - length), 0, 'a prefix has no bits behind its length')
        next += 2 ** (16 - length)
      }
      assert.equal(next, last + 1)
      assert.ok(prefixes.length <= 30)
    }),
  )
  assert.equal(prefixesOf(1, 65_534).length, 30)
  assert.deepEqual(prefixesOf(80, 80), [{ port: 80, length: 16 }])
})

test('names stand for the ports of whoever has them, and for nothing elsewhere', () => {
  const http = { protocol: 'TCP', port: 'http' } as const
  assert.deepEqual(portMatches([http], { http: 8080 }), [{ protocol: 6, ports: { port: 8080, length: 16 } }])
  assert.deepEqual(portMatches([http], {}), [])
  assert.deepEqual(portMatches([{ protocol: 'TCP', port: 'constructor' }], {}), [])
  assert.deepEqual(portMatches([{ protocol: 'SCTP' }], {}), [{ protocol: 132 }])
  assert.deepEqual(portMatches(undefined, {}), [{}])
})
