/** Texts that keys and counts are read from: mutated, too. */
import { espDsb, wiresharkProfile } from '../../src/esp/wireshark.ts'
import { corpus } from '../corpus.ts'
import type { Chance } from './chance.ts'
import { mutateBytes } from './mutate-bytes.ts'

export type TextKind = 'xfrm' | 'table' | 'json' | 'counts'

export interface KeyText {
  readonly kind: TextKind
  readonly text: string
}

const XFRM = `src 192.168.50.11 dst 192.168.50.12
	proto esp spi 0x1000a001(268476417) reqid 1(0x00000001) mode tunnel
	replay-window 32 seq 0x00000000 flag af-unspec (0x00100000)
	mark 0xe00/0xff00
	aead rfc4106(gcm(aes)) 0x000102030405060708090a0b0c0d0e0fa0a1a2a3 (160 bits) 128
	anti-replay context: seq 0x0, oseq 0x5, bitmap 0x00000000
	sel src 0.0.0.0/0 dst 0.0.0.0/0
	lifetime config:
	  limit: soft (INF)(bytes), hard (INF)(bytes)
src fd00::1 dst fd00::2
	proto esp spi 0x00000002 reqid 1 mode transport
	aead rfc7539esp(chacha20,poly1305) 0x${'0e'.repeat(36)} 128
src 10.0.0.1 dst 10.0.0.2
	proto esp spi 0x00000003 reqid 1 mode transport
	replay-window 0 flag esn
	auth-trunc hmac(sha256) 0x${'0b'.repeat(32)} 128
	enc cbc(aes) 0x${'0c'.repeat(16)}
	encap type espinudp sport 4500 dport 4500 addr 0.0.0.0
	anti-replay esn context:
	 seq-hi 0x0, seq 0x0, oseq-hi 0xfffffffe, oseq 0x9
	 replay_window 128, bitmap-length 4
src 10.0.0.1 dst 10.0.0.2
	proto esp spi 0x00000004 reqid 1 mode tunnel
	auth hmac(sha1) 0x${'0d'.repeat(20)}
	enc ecb(cipher_null) 
`

const sas = corpus.flatMap((capture) => capture.sas ?? [])

const JSON_TEXT = JSON.stringify(
  sas.slice(0, 30).map(({ key, integrity, ...sa }) => ({
    ...sa,
    key: key.toString('hex'),
    ...(integrity && { integrity: { ...integrity, key: integrity.key.toString('hex') } }),
  })),
)

const COUNTS = `tcpdump: listening on eth0, link-type EN10MB (Ethernet), snapshot length 262144 bytes
3 packets captured
5 packets received by filter
1 packet dropped by kernel
2 packets dropped by interface
`

const originals: readonly KeyText[] = [
  { kind: 'xfrm', text: XFRM },
  { kind: 'table', text: wiresharkProfile(sas).esp_sa },
  { kind: 'table', text: espDsb(sas.slice(-20)).toString() },
  { kind: 'json', text: JSON_TEXT },
  { kind: 'counts', text: COUNTS },
]

const WORDS = [
  '',
  '0',
  '-1',
  '0x',
  '0xffffffff',
  '0x100000000',
  '18446744073709551616',
  '1e999',
  'NaN',
  '*',
  'constructor',
  '__proto__',
  '"',
  '::ffff:1.2.3.4',
  '1.2.3.4.5',
  'fe80::1%eth0',
  `0x${'ab'.repeat(1000)}`,
]

export function mutateText(chance: Chance, how: (what: string) => void): KeyText {
  const { kind, text } = chance.oneOf(originals)
  if (kind === 'json' && chance.oneIn(2)) {
    how('JSON of another shape')
    return { kind, text: JSON.stringify(reshaped(JSON.parse(text), chance)) }
  }
  if (chance.oneIn(2)) {
    how('other words')
    return { kind, text: reworded(text, chance) }
  }
  const bytes = mutateBytes(Buffer.from(text), Buffer.from(chance.oneOf(originals).text), chance, how)
  return { kind, text: bytes.toString(chance.oneIn(2) ? 'utf8' : 'latin1') }
}

function reworded(text: string, chance: Chance): string {
  const words = text.split(/([\s",:]+)/)
  for (let left = chance.few(6); left > 0; left--)
    words[chance.below(words.length)] = chance.oneIn(2) ? chance.oneOf(WORDS) : chance.oneOf(words)
  return words.join('')
}

const STRANGE: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  0.5,
  2 ** 32,
  1e300,
  '',
  'x',
  [],
  {},
  ['cbc(aes)'],
  ['10.0.0.1'],
  { toString: 1, valueOf: 1 },
  { length: 20 },
]

/** Some value of it, at whatever depth, is another one or is gone. */
function reshaped(json: unknown, chance: Chance): unknown {
  if (typeof json !== 'object' || json === null || chance.oneIn(8)) return chance.oneOf(STRANGE)
  const entries = Object.entries(json)
  if (entries.length === 0) return chance.oneOf(STRANGE)
  const [key, value] = chance.oneOf(entries)
  if (chance.oneIn(8)) {
    const { [key as keyof object]: _, ...rest } = json
    return Array.isArray(json) ? json.filter((each) => each !== value) : rest
  }
  // Whether an entry is looked at may depend on those before it.
  if (Array.isArray(json)) return [reshaped(value, chance), ...json.slice(0, 3)]
  return { ...json, [key]: reshaped(value, chance) }
}
