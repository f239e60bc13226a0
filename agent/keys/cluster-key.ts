import { AgentProblem } from '../problem.ts'
import { keyBytes, type Suite, suites } from './suite.ts'

/** The secret that all nodes of a cluster share; every pair of nodes derives its own keys from it. */
export interface ClusterKey {
  /** 1 to 15: the upper four bits of every SPI, so that old and new keys can be told apart while they rotate. */
  readonly id: number
  readonly suite: Suite
  /** As many bytes as a key of the suite, the cipher's part first; used only as input to HKDF. */
  readonly material: Buffer
}

const aeads = Object.values(suites).filter(({ authentication }) => authentication === undefined)
const separate = Object.values(suites).filter(({ authentication }) => authentication !== undefined)
const forms = [
  '<id>+ rfc4106(gcm(aes)) <40 or 72 hex digits> 128',
  '<id>+ rfc7539esp(chacha20,poly1305) <72 hex digits> 128',
  '<id>+ hmac(sha256) <64 hex digits> cbc(aes) <32 hex digits>',
]

/**
 * Reads a key in the forms Cilium's users know, such as `3+ rfc4106(gcm(aes)) <40 hex digits> 128`. The `+` (keys per pair
 * of nodes) may be left out: there is no other way here.
 *
 * @throws AgentProblem EKEY that says which part is wrong, without a character of it.
 */
export function parseClusterKey(text: string): ClusterKey {
  const [id = '', ...parts] = text.trim().split(/\s+/)
  if (!/^\d{1,2}\+?$/.test(id)) throw mistake('does not begin with a key id')
  const number = Number.parseInt(id, 10)
  if (number < 1 || number > 15) throw mistake('has a key id outside 1 to 15')
  return { id: number, ...readSecret(parts) }
}

type Secret = Omit<ClusterKey, 'id'>

function readSecret(parts: readonly string[]): Secret {
  const [algorithm] = parts
  if (aeads.some(({ cipher }) => cipher === algorithm)) {
    if (parts.length !== 3) throw mistake('does not have four parts')
    return readAead(parts)
  }
  if (separate.some(({ authentication }) => authentication === algorithm)) {
    if (parts.length !== 4) throw mistake('does not have five parts')
    return readSeparate(parts)
  }
  throw mistake(`names no algorithm that is known here: ${known(aeads)}, or ${known(separate)}`)
}

/** `rfc4106(gcm(aes)) <key and salt> <ICV bits>` */
function readAead([cipher, hex = '', icvBits]: readonly string[]): Secret {
  const candidates = aeads.filter((suite) => suite.cipher === cipher)
  const material = bytesOf(hex, 'key material')
  const suite = candidates.find((each) => keyBytes(each) === material.length)
  if (!suite) {
    const lengths = candidates.map(keyBytes).join(' or ')
    throw mistake(`has ${material.length} bytes of key material instead of ${lengths}`)
  }
  if (icvBits !== `${suite.icvBits}`) throw mistake('asks for an ICV that is not 128 bits long')
  return { suite, material }
}

/** `hmac(sha256) <key> cbc(aes) <key>` */
function readSeparate([
  authentication,
  authenticationHex = '',
  cipher,
  cipherHex = '',
]: readonly string[]): Secret {
  const suite = separate.find((each) => each.authentication === authentication && each.cipher === cipher)
  if (!suite) throw mistake(`names no cipher that is known beside ${authentication}: cbc(aes)`)
  const part = (hex: string, what: string, length: number) => {
    const bytes = bytesOf(hex, what)
    if (bytes.length === length) return bytes
    throw mistake(`has ${bytes.length} bytes of ${what} instead of ${length}`)
  }
  const authenticationKey = part(authenticationHex, 'authentication key', suite.authenticationKeyBytes)
  const cipherKey = part(cipherHex, 'encryption key', suite.cipherKeyBytes)
  return { suite, material: Buffer.concat([cipherKey, authenticationKey]) }
}

function bytesOf(hex: string, what: string): Buffer {
  if (!/^([0-9a-f]{2})+$/i.test(hex)) throw mistake(`has ${what} that is not hexadecimal`)
  return Buffer.from(hex, 'hex')
}

function known(list: readonly Suite[]): string {
  const names = list.map(
    ({ cipher, authentication }) => `${authentication ? `${authentication} with ` : ''}${cipher}`,
  )
  return [...new Set(names)].join(', ')
}

function mistake(what: string): AgentProblem {
  const quoted = forms.map((form) => `"${form}"`)
  const remedy = `Write it as ${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}.`
  return new AgentProblem('EKEY', 2, `the cluster key ${what}`, remedy)
}
