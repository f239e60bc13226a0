import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { containerdConfig } from './base.ts'
import { programDigest, programs, versions } from './programs.ts'

test('wrapper modules require the versions that are said', () => {
  for (const { module, wrapper } of programs) {
    const required = /^require \S+ v(\S+)$/m.exec(readFileSync(join(wrapper, 'go.mod'), 'utf8'))
    assert.equal(required?.[1], versions[module], module)
  }
})

test('another version, tag or stamp is another program in the cache', () => {
  const [first] = programs
  const digest = programDigest(first!)
  assert.notEqual(programDigest({ ...first!, tags: ['other'] }), digest)
  assert.notEqual(programDigest({ ...first!, stamp: 'main.version=2' }), digest)
  assert.equal(new Set(programs.map(programDigest)).size, programs.length)
})

test('containerd is given the pause image of this kubeadm, and a file of kind that is not known is refused', () => {
  const ofKind = 'sandbox_image = "registry.k8s.io/pause:3.10"\nrestrict_oom_score_adj = false\n'
  assert.equal(
    containerdConfig(ofKind),
    `sandbox_image = "registry.k8s.io/pause:${versions.pause}"\nrestrict_oom_score_adj = true\n`,
  )
  assert.throws(() => containerdConfig('version = 3\n'), /has changed/)
})
