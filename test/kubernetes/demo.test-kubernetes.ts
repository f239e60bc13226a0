/** The whole proof on a cluster of Kubernetes: in this machine's kernel where that has ESP, else in one that is booted. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { playedDemo } from '../played-demo.ts'

interface Evidence {
  readonly verdict: string
  readonly arms: Record<string, { readonly verdict: string }>
}

describe('transparent encryption on a cluster of its own', () => {
  const played = playedDemo(['--kubernetes'])

  test('is PROVEN, and its permissive sabotage a LEAK', () => {
    const { verdict, arms } = JSON.parse(
      readFileSync(join(played.bundle, 'evidence.json'), 'utf8'),
    ) as Evidence
    assert.equal(verdict, 'PROVEN')
    assert.equal(arms.encrypted?.verdict, 'PROVEN')
    assert.equal(arms['policies-deleted/permissive']?.verdict, 'LEAK')
  })
})
