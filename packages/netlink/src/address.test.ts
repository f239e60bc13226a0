import assert from 'node:assert/strict'
import { isIPv4 } from 'node:net'
import { test } from 'node:test'
import {
  AF_INET,
  AF_INET6,
  formatAddress,
  formatMac,
  parseAddress,
  parseMac,
  parsePrefix,
} from './address.ts'

const ipv6 = [
  ['::', '00000000000000000000000000000000'],
  ['::1', '00000000000000000000000000000001'],
  ['1::', '00010000000000000000000000000000'],
  ['2001:db8::1', '20010db8000000000000000000000001'],
  ['fd00:1:2:3:4:5:6:7', 'fd000001000200030004000500060007'],
  ['2001:db8:0:1:1:1:1:1', '20010db8000000010001000100010001'],
  ['2001:0:0:1::1', '20010000000000010000000000000001'],
] as const

for (const [text, hex] of ipv6)
  test(`${text} is read and written in its canonical form`, () => {
    assert.equal(parseAddress(text).toString('hex'), hex)
    assert.equal(formatAddress(AF_INET6, Buffer.from(hex, 'hex')), text)
  })

test('IPv6 with an embedded IPv4 address is read', () => {
  assert.equal(parseAddress('::ffff:192.0.2.1').toString('hex'), '00000000000000000000ffffc0000201')
  assert.equal(parseAddress('64:ff9b::192.0.2.1').toString('hex'), '0064ff9b0000000000000000c0000201')
  assert.equal(parseAddress('1:2:3:4:5:6:192.0.2.1').toString('hex'), '000100020003000400050006c0000201')
})

test('IPv4 is read and written', () => {
  assert.deepEqual([...parseAddress('192.0.2.255')], [192, 0, 2, 255])
  assert.equal(formatAddress(AF_INET, Buffer.from([10, 0, 0, 1])), '10.0.0.1')
})

test('every IPv4 address that Node takes for one is taken, and no other', () => {
  const parts = ['0', '1', '9', '10', '99', '255', '256', '00', '01', '-1', '', ' 1', '1e1', 'a', '１']
  for (const a of parts)
    for (const b of parts)
      for (const text of [`${a}.${b}.1.1`, `1.1.${a}.${b}`, `1.${a}.${b}`, `1.1.1.${a}.${b}`])
        if (isIPv4(text)) assert.equal(formatAddress(AF_INET, parseAddress(text)), text)
        else assert.throws(() => parseAddress(text), TypeError, text)
})

test('a prefix without a length means all bits', () => {
  assert.equal(parsePrefix('10.0.0.1').length, 32)
  assert.equal(parsePrefix('::1').length, 128)
  assert.equal(parsePrefix('10.0.0.0/0').length, 0)
})

for (const wrong of [
  '10.0.0.0/33',
  '::/129',
  '10.0.0.0/',
  '10.0.0.0/-1',
  '10.0.0.0/8.5',
  '10.0.0/8',
  'ten',
  '',
])
  test(`${JSON.stringify(wrong)} is refused as a prefix`, () => {
    assert.throws(() => parsePrefix(wrong), TypeError)
  })

test('a MAC address is read and written; anything else is refused', () => {
  assert.equal(formatMac(parseMac('02:00:00:AB:00:01')), '02:00:00:ab:00:01')
  assert.equal(formatMac(Buffer.alloc(0)), '')
  assert.throws(() => parseMac('02:00:00:00:00'), TypeError)
  assert.throws(() => parseMac('02:00:00:00:00:0g'), TypeError)
})
