import { hkdfSync } from 'node:crypto'
import type { ClusterKey } from './cluster-key.ts'

/** Tells one cluster key from every other, also from another under the same id, and says nothing about it. */
export function keyName({ id, material }: ClusterKey): string {
  const digest = Buffer.from(
    hkdfSync('sha256', material, Buffer.from([id]), 'wireproof cluster key name v1', 8),
  )
  return `${id}:${digest.toString('hex')}`
}
