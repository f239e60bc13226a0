import { checkSa, type EspAlgorithm, type EspSa, type IntegrityAlgorithm, integrityForms } from './sa.ts'

/**
 * SAs from what `ip xfrm state` or `ip -s xfrm state` prints (as root, which alone sees the keys). States of other protocols and of algorithms
 * that cannot be opened are left out.
 *
 * @throws SaError when a state cannot be used, such as one whose key was not shown.
 */
export function parseXfrmState(text: string): EspSa[] {
  return text.split(/^(?=src )/m).flatMap((block) => {
    const sa = parseState(block)
    if (!sa) return []
    checkSa(sa)
    return [sa]
  })
}

function parseState(block: string): EspSa | undefined {
  const ends = /^src (\S+) dst (\S+)/.exec(block)
  const spi = /\bproto esp spi (0x[0-9a-f]+|\d+)/.exec(block)
  const cipher = aead(block) ?? separate(block)
  if (!ends || !spi || !cipher) return undefined
  return {
    source: ends[1]!,
    destination: ends[2]!,
    spi: Number(spi[1]),
    ...cipher,
    ...(/\bflag (?:[a-z-]+ )*esn\b/.test(block) && { esn: true, ...upperHalf(block) }),
  }
}

type Cipher = Pick<EspSa, 'algorithm' | 'key' | 'icvBits' | 'integrity'>

/** A key, or what stands in its place; `ip -s` tells its length, too. */
const KEY = String.raw`(?:0x([0-9a-f]*)|<<[^>]*>>|\S*)(?: \(\d+ bits\))?`
const AEAD = new RegExp(
  String.raw`\baead (rfc4106\(gcm\(aes\)\)|rfc7539esp\(chacha20,poly1305\)) ${KEY} (\d+)`,
)
const CIPHER = new RegExp(String.raw`\benc (cbc\(aes\)|(?:ecb\()?cipher_null\)?) ${KEY}`)
const INTEGRITY = new RegExp(String.raw`\bauth(?:-trunc)? (hmac\(sha\d+\)) ${KEY}(?: (\d+))?`)

function aead(block: string): Cipher | undefined {
  const found = AEAD.exec(block)
  if (!found) return undefined
  return { algorithm: found[1] as EspAlgorithm, key: hex(found[2]), icvBits: Number(found[3]) }
}

function separate(block: string): Cipher | undefined {
  const cipher = CIPHER.exec(block)
  const auth = INTEGRITY.exec(block)
  if (!cipher || !auth || !Object.hasOwn(integrityForms, auth[1]!)) return undefined
  const algorithm = auth[1] as IntegrityAlgorithm
  return {
    algorithm: cipher[1] === 'cbc(aes)' ? 'cbc(aes)' : 'cipher_null',
    key: hex(cipher[2]),
    // Without a length the kernel truncates as it always has: to 96 bits, SHA-256 too.
    icvBits: Number(auth[3] ?? integrityForms[algorithm].icvBits[0]),
    integrity: { algorithm, key: hex(auth[2]) },
  }
}

/** The upper halves that the kernel has come to: of what it received, or of what it sent. */
function upperHalf(block: string): Pick<EspSa, 'sequenceHigh'> {
  const halves = [...block.matchAll(/\bo?seq-hi 0x([0-9a-f]+)/g)].map(([, high]) =>
    Number.parseInt(high!, 16),
  )
  return halves.length > 0 ? { sequenceHigh: Math.max(...halves) } : {}
}

const hex = (digits: string | undefined): Buffer => Buffer.from(digits ?? '', 'hex')
