import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Claims } from './claims.ts'
import { contains } from './prefix.ts'

test('what overlaps, whichever is longer, is refused with what is in the way; what stands beside is not', () => {
  const claims = new Claims()
  assert.equal(claims.take('a', ['10.0.0.0/16', '192.168.0.1/32']), undefined)
  for (const prefix of ['10.0.0.0/16', '10.0.7.0/24', '10.0.0.0/8', '192.168.0.1/32', '0.0.0.0/0'])
    assert.deepEqual(claims.take('b', ['172.16.0.0/12', prefix]), { prefix, owner: 'a' })
  assert.equal(claims.ownerOf('172.16.0.0/12'), undefined, 'all or none')
  assert.equal(claims.take('b', ['10.1.0.0/16', 'fd00::/64', '192.168.0.2/32']), undefined)
  assert.deepEqual(claims.take('c', ['fd00::/48']), { prefix: 'fd00::/48', owner: 'b' })
})

test('an owner that claims anew gives up what it had, unless it cannot have the new', () => {
  const claims = new Claims()
  claims.take('a', ['10.0.1.0/24'])
  claims.take('b', ['10.0.2.0/24'])
  assert.equal(claims.take('a', ['10.0.0.0/24', '10.0.1.0/24']), undefined)
  assert.deepEqual(claims.take('a', ['10.0.2.0/25']), { prefix: '10.0.2.0/25', owner: 'b' })
  assert.equal(claims.ownerOf('10.0.1.0/24'), 'a')
  claims.release('b')
  assert.equal(claims.take('a', ['10.0.2.0/25']), undefined)
  assert.equal(claims.ownerOf('10.0.1.0/24'), undefined)
})

const prefix = fc
  .record({ at: fc.integer({ min: 0, max: 15 }), length: fc.integer({ min: 24, max: 28 }) })
  .map(({ at, length }) => `10.0.0.${(at << 4) & (0xff << (32 - length))}/${length}`)

test('it agrees with a comparison of every prefix with every other', () => {
  const overlap = (a: string, b: string) => contains(a, b.split('/')[0]!) || contains(b, a.split('/')[0]!)
  fc.assert(
    fc.property(
      fc.array(fc.record({ owner: fc.constantFrom('a', 'b', 'c'), prefix }), { size: '+1' }),
      (takes) => {
        const claims = new Claims()
        const held = new Map<string, string>()
        for (const { owner, prefix } of takes) {
          const isFree = [...held].every(([other, theirs]) => other === owner || !overlap(theirs, prefix))
          assert.equal(claims.take(owner, [prefix]) === undefined, isFree)
          if (isFree) held.set(owner, prefix)
        }
      },
    ),
  )
})
