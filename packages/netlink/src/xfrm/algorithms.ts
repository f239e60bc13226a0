import { readString } from '../reader.ts'
import type { Writer } from '../writer.ts'

/** A cipher that authenticates what it encrypts. */
export interface XfrmAead {
  /** `rfc4106(gcm(aes))` or `rfc7539esp(chacha20,poly1305)`, whose keys end in four bytes of salt. */
  readonly name: string
  readonly key: Buffer
  readonly icvBits: number
}

/** A cipher that does not authenticate, such as `cbc(aes)`; `ecb(cipher_null)`, without a key, does not even encrypt. */
export interface XfrmEncryption {
  readonly name: string
  readonly key: Buffer
}

/** What authenticates in its place, such as `hmac(sha256)`. */
export interface XfrmAuthentication {
  readonly name: string
  readonly key: Buffer
  /** How much of the code is sent; the kernel's own idea of it differs from what standards say. */
  readonly icvBits: number
}

/** What an association protects its packets with. */
export type XfrmAlgorithms =
  | { readonly aead: XfrmAead; readonly encryption?: undefined; readonly authentication?: undefined }
  | {
      readonly aead?: undefined
      readonly encryption: XfrmEncryption
      readonly authentication: XfrmAuthentication
    }

const NAME_LENGTH = 64

/** struct xfrm_algo. */
export function writeEncryption(writer: Writer, { name, key }: XfrmEncryption): void {
  writeName(writer, name)
  writer.u32(key.length * 8)
  writer.copy(key)
}

/** struct xfrm_algo_aead, and struct xfrm_algo_auth, which has the same form. */
export function writeAuthenticating(writer: Writer, algorithm: XfrmAead | XfrmAuthentication): void {
  const { name, key, icvBits } = algorithm
  writeName(writer, name)
  writer.u32(key.length * 8)
  writer.u32(icvBits)
  writer.copy(key)
}

export function readEncryption(bytes: Buffer): XfrmEncryption {
  return { name: readName(bytes), key: readKey(bytes, NAME_LENGTH + 4) }
}

export function readAuthenticating(bytes: Buffer): XfrmAead & XfrmAuthentication {
  return {
    name: readName(bytes),
    icvBits: bytes.readUInt32LE(NAME_LENGTH + 4),
    key: readKey(bytes, NAME_LENGTH + 8),
  }
}

const names = new Map<string, Uint8Array>()

/** Padded with zeros. There are a few, and thousands of associations. */
function writeName(writer: Writer, name: string): void {
  let padded = names.get(name)
  if (!padded) {
    const text = Buffer.from(name)
    if (text.length >= NAME_LENGTH) throw new TypeError(`${name} is too long for the name of an algorithm`)
    padded = new Uint8Array(NAME_LENGTH)
    padded.set(text)
    names.set(name, padded)
  }
  writer.copy(padded)
}

function readName(bytes: Buffer): string {
  return readString(bytes.subarray(0, NAME_LENGTH))
}

/** A copy: what was received is overwritten by the next answer. */
function readKey(bytes: Buffer, at: number): Buffer {
  return Buffer.from(bytes.subarray(at, at + bytes.readUInt32LE(NAME_LENGTH) / 8))
}
