import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSas, SaError } from './sa.ts'
import { espDsb, wiresharkProfile } from './wireshark.ts'
import { parseXfrmState } from './xfrm-state.ts'

const KEY = '000102030405060708090a0b0c0d0e0fa0a1a2a3'
const ENTRY = {
  node: 'node-1',
  source: '192.168.50.11',
  destination: '192.168.50.12',
  spi: 0x1000a001,
  algorithm: 'rfc4106(gcm(aes))',
  key: KEY,
  icvBits: 128,
}

test('SAs are read from JSON, other fields left out', () => {
  const { node: _, ...rest } = ENTRY
  assert.deepEqual(parseSas([ENTRY]), [{ ...rest, key: Buffer.from(KEY, 'hex') }])
})

test('JSON that holds no SAs is refused', () => {
  for (const json of [{}, [null], [{}], [{ ...ENTRY, key: 'xyz' }], [{ ...ENTRY, icvBits: '128' }]])
    assert.throws(() => parseSas(json), SaError)
})

const XFRM = `src 192.168.50.11 dst 192.168.50.12
	proto esp spi 0x1000a001 reqid 1 mode tunnel
	replay-window 32 flag af-unspec
	mark 0xe00/0xff00
	aead rfc4106(gcm(aes)) 0x${KEY} 128
	anti-replay context: seq 0x0, oseq 0x5, bitmap 0x00000000
	sel src 0.0.0.0/0 dst 0.0.0.0/0
src fd00::1 dst fd00::2
	proto esp spi 0x00000002(2) reqid 1 mode transport
	aead rfc4106(gcm(aes)) 0x${KEY} 96
src 10.0.0.1 dst 10.0.0.2
	proto esp spi 0x00000003 reqid 1 mode transport
	auth-trunc hmac(sha256) 0x00 128
	enc cbc(aes) 0x00
`

test('SAs are read from what ip xfrm state prints', () => {
  const sas = parseXfrmState(XFRM)
  assert.deepEqual(
    sas.map(({ source, destination, spi, icvBits, key }) => [
      source,
      destination,
      spi,
      icvBits,
      key.toString('hex'),
    ]),
    [
      ['192.168.50.11', '192.168.50.12', 0x1000a001, 128, KEY],
      ['fd00::1', 'fd00::2', 2, 96, KEY],
    ],
  )
})

test('a state whose key was not shown is refused', () => {
  assert.throws(
    () => parseXfrmState(XFRM.replaceAll(`0x${KEY}`, '<<Keys hidden>>'.replace(' ', ''))),
    SaError,
  )
})

test('keys are written as Wireshark reads them', () => {
  const sas = parseSas([ENTRY, { ...ENTRY, source: 'fd00::1', destination: 'fd00::2', spi: 2, icvBits: 64 }])
  const [first, second] = [
    `"IPv4","192.168.50.11","192.168.50.12","0x1000a001","AES-GCM with 16 octet ICV [RFC4106]","0x${KEY}","NULL",""`,
    `"IPv6","fd00::1","fd00::2","0x00000002","AES-GCM with 8 octet ICV [RFC4106]","0x${KEY}","NULL",""`,
  ]
  assert.equal(wiresharkProfile(sas).esp_sa, `${first}\n${second}\n`)
  assert.equal(espDsb(sas).toString(), `${first},"32-bit","0x0"\n${second},"32-bit","0x0"\n`)
})
