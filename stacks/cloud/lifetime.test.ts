import assert from 'node:assert/strict'
import test from 'node:test'
import { labelOf, onceAt, readLifetime, warningAfter, yearlyAt } from './lifetime.ts'

function read(text?: string) {
  const mistakes: string[] = []
  return { lifetime: readLifetime(text, mistakes), mistakes }
}

test('a lifetime is a number and a unit, four hours without a word', () => {
  assert.equal(read().lifetime, 4 * 3_600_000)
  for (const [text, hours] of [
    ['90m', 1.5],
    ['1h', 1],
    ['7d', 168],
  ] as const)
    assert.deepEqual(read(text), { lifetime: hours * 3_600_000, mistakes: [] })
  for (const text of ['', '59m', '8d', '4', 'h', '4 h', '-1h', 'forever', '1e3h'])
    assert.match(read(text).mistakes.join(), /^wireproof:ttl must be from 1h to 7d/, text)
})

test('a moment is what each schedule makes of it', () => {
  const moment = '2030-02-28T23:45:00.000Z'
  assert.equal(onceAt(moment), 'at(2030-02-28T23:45:00)')
  assert.equal(onceAt(moment, 20 * 60_000), 'at(2030-03-01T00:05:00)')
  assert.equal(yearlyAt(moment), '45 23 28 2 *')
  assert.match(labelOf(moment), /^[a-z0-9_-]{1,63}$/)
})

test('nothing is said before the end', () => {
  const moment = '2030-01-01T00:00:00.000Z'
  assert.equal(warningAfter(moment, Date.parse(moment) - 1), undefined)
  assert.match(warningAfter(moment, Date.parse(moment))!, /has ended by itself at 2030/)
})
