import type { EspSa } from '../src/esp/sa.ts'

/** What ESP can be sealed with here, with keys for tests only. */
export interface Suite {
  readonly name: string
  readonly sa: EspSa
  /** Why tshark 4.0 cannot open it. */
  readonly sealedToTshark?: string
}

const ends = { source: '10.0.0.1', destination: '10.0.0.2', spi: 7 }
const key = (length: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, i) => (i * 37 + length) & 0xff))

const gcm: Suite[] = [16, 24, 32].flatMap((length) =>
  [128, 96, 64].map((icvBits) => ({
    name: `AES-GCM-${length * 8} with an ICV of ${icvBits / 8} bytes`,
    sa: { ...ends, algorithm: 'rfc4106(gcm(aes))', key: key(length + 4), icvBits },
  })),
)

const integrities = [
  ['hmac(sha1)', 20, 96, 'HMAC-SHA-1-96'],
  ['hmac(sha256)', 32, 96, 'HMAC-SHA-256-96'],
  ['hmac(sha256)', 32, 128, 'HMAC-SHA-256-128'],
  ['hmac(sha384)', 48, 192, 'HMAC-SHA-384-192'],
  ['hmac(sha512)', 64, 256, 'HMAC-SHA-512-256'],
] as const

const separate: Suite[] = [0, 16, 24, 32].flatMap((length) =>
  integrities.map(([algorithm, keyLength, icvBits, name]) => ({
    name: `${length === 0 ? 'NULL' : `AES-CBC-${length * 8}`} with ${name}`,
    sa: {
      ...ends,
      algorithm: length === 0 ? ('cipher_null' as const) : ('cbc(aes)' as const),
      key: key(length),
      icvBits,
      integrity: { algorithm, key: key(keyLength) },
    },
  })),
)

export const espSuites: readonly Suite[] = [
  ...gcm,
  ...separate,
  {
    name: 'ChaCha20-Poly1305',
    sa: { ...ends, algorithm: 'rfc7539esp(chacha20,poly1305)', key: key(36), icvBits: 128 },
    sealedToTshark: 'it has no ChaCha20-Poly1305 for ESP',
  },
]
