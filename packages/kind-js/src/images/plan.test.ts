import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fullDigest, fullImageName } from './names.ts'
import { nodeImagesFrom } from './node-images.ts'
import { planImage } from './plan.ts'

test('names are as containerd has them', () => {
  for (const [name, full] of [
    ['alpine', 'docker.io/library/alpine:latest'],
    ['alpine:3', 'docker.io/library/alpine:3'],
    ['user/app', 'docker.io/user/app:latest'],
    ['localhost/app', 'localhost/app:latest'],
    ['localhost:5000/app', 'localhost:5000/app:latest'],
    ['registry.k8s.io/pause:3.10', 'registry.k8s.io/pause:3.10'],
    ['quay.io/a/b@sha256:00', 'quay.io/a/b@sha256:00'],
    ['a:1@sha256:00', 'docker.io/library/a:1@sha256:00'],
  ] as const)
    assert.equal(fullImageName(name), full)
})

test('digests are too', () => {
  const digits = 'ab'.repeat(32)
  assert.deepEqual(
    [fullDigest(digits), fullDigest(`sha256:${digits}`)],
    [`sha256:${digits}`, `sha256:${digits}`],
  )
})

test('what is to be done is decided by digest, and by name', () => {
  const there = [
    { id: 'sha256:1', names: ['a:1', 'b:1'] },
    { id: 'sha256:2', names: [] },
  ]
  const plan = (names: string[], ...digests: string[]) => planImage({ names, digests }, there)
  assert.equal(plan(['a:1'], 'sha256:1'), 'present')
  assert.equal(plan(['a:1', 'b:1'], 'sha256:1'), 'present')
  assert.equal(plan(['a:1'], 'sha256:9', 'sha256:1'), 'present')
  assert.equal(plan([], 'sha256:2'), 'present')
  assert.equal(plan(['c:1'], 'sha256:1'), 'tag')
  assert.equal(plan(['a:1', 'c:1'], 'sha256:1'), 'tag')
  // Built anew under its old name.
  assert.equal(plan(['a:1'], 'sha256:3'), 'load')
  assert.equal(plan(['a:1'], 'sha256:2'), 'tag')
  assert.equal(plan(['a:1']), 'load')
})

test('what crictl says is read, and nothing else', () => {
  // As crictl 1.36.0 prints it.
  const printed = {
    images: [
      {
        id: 'sha256:1',
        repoTags: ['a:1'],
        repoDigests: ['a@sha256:9'],
        size: '1',
        uid: null,
        username: '',
        pinned: false,
      },
      { id: 'sha256:2', repoTags: [], repoDigests: [] },
    ],
  }
  assert.deepEqual(nodeImagesFrom(printed), [
    { id: 'sha256:1', names: ['a:1'] },
    { id: 'sha256:2', names: [] },
  ])
  for (const wrong of [{}, [], { images: [{ repoTags: [] }] }])
    assert.throws(() => nodeImagesFrom(wrong), { code: 'EOUTPUT' })
})
