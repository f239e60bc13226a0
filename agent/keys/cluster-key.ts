import { AgentProblem } from '../problem.ts'

/** The secret that all nodes of a cluster share; every pair of nodes derives its own keys from it. */
export interface ClusterKey {
  /** 1 to 15: the upper four bits of every SPI, so that old and new keys can be told apart while they rotate. */
  readonly id: number
  /** 16 bytes of AES key and 4 bytes of salt, used only as input to HKDF. */
  readonly material: Buffer
  readonly icvBits: 128
}

const keyBytes = 20
const form = '"<id>+ rfc4106(gcm(aes)) <40 hex digits> 128"'

/**
 * Reads a key in the form Cilium's users know: `3+ rfc4106(gcm(aes)) <40 hex digits> 128`. The `+` (keys per pair of
 * nodes) may be left out: there is no other way here.
 *
 * @throws AgentProblem EKEY that says which part is wrong, without a character of it.
 */
export function parseClusterKey(text: string): ClusterKey {
  const [id = '', algorithm, hex = '', icv, ...rest] = text.trim().split(/\s+/)
  if (icv === undefined || rest.length > 0) throw mistake('does not have four parts')
  if (!/^\d{1,2}\+?$/.test(id)) throw mistake('does not begin with a key id')
  const number = Number.parseInt(id, 10)
  if (number < 1 || number > 15) throw mistake('has a key id outside 1 to 15')
  if (algorithm !== 'rfc4106(gcm(aes))') throw mistake('names another algorithm than rfc4106(gcm(aes))')
  if (!/^([0-9a-f]{2})+$/i.test(hex)) throw mistake('has key material that is not hexadecimal')
  if (hex.length !== 2 * keyBytes)
    throw mistake(`has ${hex.length / 2} bytes of key material instead of ${keyBytes}`)
  if (icv !== '128') throw mistake('asks for an ICV that is not 128 bits long')
  return { id: number, material: Buffer.from(hex, 'hex'), icvBits: 128 }
}

function mistake(what: string): AgentProblem {
  return new AgentProblem('EKEY', 2, `the cluster key ${what}`, `Write it as ${form}.`)
}
