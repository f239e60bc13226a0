import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'

const HASH_BYTES = 32

/**
 * HKDF-Extract with SHA-256 (RFC 5869 section 2.2). Apart from the other step, which node:crypto only does together: for the
 * thousands of keys that come from one secret, it is done once, and what it gives is kept out of the heap.
 */
export function extract(salt: Buffer, secret: Buffer): KeyObject {
  const key = createHmac('sha256', salt).update(secret).digest()
  try {
    return createSecretKey(key)
  } finally {
    key.fill(0)
  }
}

/** HKDF-Expand (RFC 5869 section 2.3). @param length in bytes, at most 255 times that of the hash. */
export function expand(key: KeyObject, info: Buffer, length: number): Buffer {
  const output = Buffer.allocUnsafe(length)
  let block: Buffer | undefined
  for (let at = 0, count = 1; at < length; at += HASH_BYTES, count++) {
    const hmac = createHmac('sha256', key)
    if (block) hmac.update(block)
    block?.fill(0)
    block = hmac.update(info).update(counters[count]!).digest()
    block.copy(output, at)
  }
  block?.fill(0)
  return output
}

const counters = Array.from({ length: 256 }, (_, count) => Buffer.from([count]))
