import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSas, SaError } from './sa.ts'
import { espDsb, parseEspSaTable, wiresharkProfile } from './wireshark.ts'
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

test('SAs of every suite are read from JSON', () => {
  const sas = parseXfrmState(XFRM)
  const json = sas.map(({ key, integrity, ...sa }) => ({
    ...sa,
    key: key.toString('hex'),
    ...(integrity && { integrity: { ...integrity, key: integrity.key.toString('hex') } }),
  }))
  assert.deepEqual(parseSas(JSON.parse(JSON.stringify(json))), sas)
})

test('JSON that holds no SAs is refused', () => {
  for (const json of [{}, [null], [{}], [{ ...ENTRY, key: 'xyz' }], [{ ...ENTRY, icvBits: '128' }]])
    assert.throws(() => parseSas(json), SaError)
})

test('JSON whose values are not what they should be is refused as well, and never with another error', () => {
  const strange: unknown[] = [
    null,
    true,
    -1,
    0.5,
    1e300,
    '',
    [],
    {},
    ['cbc(aes)'],
    ['10.0.0.1'],
    { toString: 1, valueOf: 1 },
  ]
  const cbc = { ...ENTRY, algorithm: 'cbc(aes)', key: '0c'.repeat(16), icvBits: 96 }
  const integrity = { algorithm: 'hmac(sha1)', key: '0d'.repeat(20) }
  for (const value of strange) {
    for (const field of ['source', 'destination', 'spi', 'algorithm', 'key', 'icvBits'])
      assert.throws(
        () => parseSas([{ ...ENTRY, [field]: value }]),
        SaError,
        `${field}: ${JSON.stringify(value)}`,
      )
    for (const field of ['algorithm', 'key'])
      assert.throws(() => parseSas([{ ...cbc, integrity: { ...integrity, [field]: value } }]), SaError)
  }
  // What would otherwise be met when the first packet is opened.
  assert.throws(
    () => parseSas([{ ...cbc, integrity: { ...integrity, key: '0d'.repeat(513) } }]),
    /1 to 512 bytes/,
  )
  for (const sequenceHigh of [-1, 0.5, 2 ** 32])
    assert.throws(() => parseSas([{ ...ENTRY, esn: true, sequenceHigh }]), /upper half .* 0 to 0xffffffff/)
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
	auth-trunc hmac(sha256) 0x${'0b'.repeat(32)} 128
	enc cbc(aes) 0x${'0c'.repeat(16)}
	encap type espinudp sport 4500 dport 4500 addr 0.0.0.0
	anti-replay esn context:
	 seq-hi 0x0, seq 0x0, oseq-hi 0x2, oseq 0x9
	 replay_window 128, bitmap-length 4
src 10.0.0.1 dst 10.0.0.2
	proto esp spi 0x00000004 reqid 1 mode tunnel
	replay-window 0 flag esn
	auth hmac(sha1) 0x${'0d'.repeat(20)}
	enc ecb(cipher_null)${' '}
	anti-replay esn context:
	 seq-hi 0x0, seq 0x0, oseq-hi 0x2, oseq 0x9
	 replay_window 128, bitmap-length 4
src 10.0.0.1 dst 10.0.0.2
	proto esp spi 0x00000005 reqid 1 mode tunnel
	aead rfc7539esp(chacha20,poly1305) 0x${'0e'.repeat(36)} 128
src 10.0.0.1 dst 10.0.0.2
	proto ah spi 0x00000006 reqid 1 mode tunnel
	auth-trunc hmac(sha256) 0x${'0b'.repeat(32)} 128
src 10.0.0.1 dst 10.0.0.2
	proto esp spi 0x00000007 reqid 1 mode tunnel
	auth-trunc hmac(md5) 0x${'0b'.repeat(16)} 96
	enc cbc(des3_ede) 0x${'0c'.repeat(24)}
`

test('SAs are read from what ip xfrm state prints', () => {
  const ends = { source: '10.0.0.1', destination: '10.0.0.2' }
  const gcm = { algorithm: 'rfc4106(gcm(aes))', key: Buffer.from(KEY, 'hex') }
  assert.deepEqual(parseXfrmState(XFRM), [
    { source: '192.168.50.11', destination: '192.168.50.12', spi: 0x1000a001, ...gcm, icvBits: 128 },
    { source: 'fd00::1', destination: 'fd00::2', spi: 2, ...gcm, icvBits: 96 },
    {
      ...ends,
      spi: 3,
      algorithm: 'cbc(aes)',
      key: Buffer.alloc(16, 12),
      icvBits: 128,
      integrity: { algorithm: 'hmac(sha256)', key: Buffer.alloc(32, 11) },
    },
    {
      ...ends,
      spi: 4,
      algorithm: 'cipher_null',
      key: Buffer.alloc(0),
      icvBits: 96,
      integrity: { algorithm: 'hmac(sha1)', key: Buffer.alloc(20, 13) },
      esn: true,
      sequenceHigh: 2,
    },
    {
      ...ends,
      spi: 5,
      algorithm: 'rfc7539esp(chacha20,poly1305)',
      key: Buffer.alloc(36, 14),
      icvBits: 128,
    },
  ])
})

test('so are they from what it prints with statistics', () => {
  const withLengths = XFRM.replace(
    /\b0x((?:[0-9a-f]{2}){16,})/g,
    (key, digits) => `${key} (${digits.length * 4} bits)`,
  )
    .replace(/spi (0x[0-9a-f]+) reqid 1 /g, (_, spi) => `spi ${spi}(${Number(spi)}) reqid 1(0x00000001) `)
    .replace('flag esn', 'seq 0x00000000 flag esn (0x10000000)')
  assert.match(withLengths, /aead rfc4106\(gcm\(aes\)\) 0x[0-9a-f]{40} \(160 bits\) 128/)
  assert.deepEqual(parseXfrmState(withLengths), parseXfrmState(XFRM))
})

test('a state whose key was not shown is refused', () => {
  for (const hidden of [/0x0001020304[0-9a-f]+/g, /0x0b0b[0-9a-f]+/g, /0x0c0c[0-9a-f]+/g, /0x0e0e[0-9a-f]+/g])
    assert.throws(() => parseXfrmState(XFRM.replaceAll(hidden, '<<Keys hidden>>')), SaError)
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

test('Wireshark is not told to check ICVs whose upper half of a sequence number it cannot be told', () => {
  const checking = (json: object) => wiresharkProfile(parseSas([ENTRY, { ...ENTRY, ...json }])).preferences
  assert.match(checking({}), /enable_authentication_check: TRUE/)
  assert.match(
    checking({ esn: true }),
    /enable_encryption_decode: TRUE\nesp.enable_authentication_check: FALSE/,
  )
})

test('what is written for Wireshark is read back, from a secrets block and from a table', () => {
  const sas = parseXfrmState(XFRM)
  assert.deepEqual(parseEspSaTable(espDsb(sas).toString()), sas)
  const withoutNumbers = sas.map(({ esn: _, sequenceHigh: __, ...sa }) => sa)
  assert.deepEqual(parseEspSaTable(wiresharkProfile(sas).esp_sa), withoutNumbers)
})

test('a table may have a heading, comments, empty lines and addresses that stand for any', () => {
  const [sa, ...more] = parseEspSaTable(
    `"Protocol","Src IP","Dest IP","SPI","Encryption","Encryption Key","Authentication","Authentication Key"

# of the lab
"Any","*","","7","NULL","","HMAC-SHA-256-128 [RFC4868]","0x${'0b'.repeat(32)}"
`,
  )
  assert.deepEqual(more, [])
  assert.deepEqual([sa!.source, sa!.destination, sa!.spi, sa!.algorithm], ['*', '*', 7, 'cipher_null'])
})

test('a row that cannot be used is named by its line, without its key', () => {
  const row = (change: (fields: string[]) => void): string => {
    const fields = [
      'IPv4',
      '10.0.0.1',
      '10.0.0.2',
      '0x7',
      'NULL',
      '',
      'HMAC-SHA-1-96 [RFC2404]',
      `0x${'ab'.repeat(20)}`,
    ]
    change(fields)
    return `\n${fields.map((field) => `"${field}"`).join(',')}`
  }
  for (const [text, says] of [
    [row((fields) => fields.splice(5)), /line 2 of the ESP SAs has 5 columns/],
    [row((fields) => (fields[3] = '*')), /line 2 .*the SPI "\*" is no number/],
    [row((fields) => (fields[4] = 'DES-CBC [RFC2405]')), /line 2 .*the cipher "DES-CBC/],
    [row((fields) => (fields[6] = 'NULL')), /line 2 .*the authentication "NULL"/],
    [row((fields) => (fields[7] = 'a passphrase')), /line 2 .*a key must be hex/],
  ] as const)
    assert.throws(
      () => parseEspSaTable(text),
      (error) =>
        error instanceof SaError && says.test(error.message) && !/abab|passphrase/.test(error.message),
    )
})
