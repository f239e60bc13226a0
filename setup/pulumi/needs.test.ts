import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { directories } from './directories.ts'
import { needsOf } from './needs.ts'
import { scratch } from './scratch.ts'

test('a stack on Kubernetes needs its plugin, for what runs the program', (t) => {
  const root = scratch(t)
  writeFileSync(join(root, 'Pulumi.kind.yaml'), 'config:\n  wireproof:cluster: kind\n')
  writeFileSync(join(root, 'Pulumi.embedded.yaml'), 'config:\n  wireproof:name: lab\n')
  const needs = (argv: readonly string[], env = {}) =>
    needsOf(argv, { root, env, places: directories({}, root) }).kubernetes
  assert.equal(needs(['up', '--stack', 'organization/wireproof/kind']), true)
  assert.equal(needs(['up', '--stack=kind']), true)
  assert.equal(needs(['destroy'], { PULUMI_STACK: 'kind' }), true)
  assert.equal(needs(['up', '--config-file', join(root, 'Pulumi.kind.yaml')]), true)
  assert.equal(needs(['config', 'set', 'wireproof:name', 'up-and-away', '-s', 'kind']), false)
  assert.equal(needs(['up', '-s', 'embedded']), false)
  assert.equal(needs(['up']), false)
})

test('a stack on a cloud needs that of the cloud as well', (t) => {
  const root = scratch(t)
  for (const [cluster, cloud] of [
    ['eks', 'aws'],
    ['gke', 'gcp'],
  ] as const) {
    writeFileSync(join(root, `Pulumi.${cluster}.yaml`), `config:\n  wireproof:cluster: ${cluster}\n`)
    const needs = needsOf(['preview', '-s', cluster], { root, env: {}, places: directories({}, root) })
    assert.deepEqual(needs, { kubernetes: true, cloud })
  }
})

test('a stack file that is no YAML is left to Pulumi to complain of', (t) => {
  const root = scratch(t)
  writeFileSync(join(root, 'Pulumi.kind.yaml'), 'config:\n  a: b: c\n')
  const needs = needsOf(['up', '-s', 'kind'], { root, env: {}, places: directories({}, root) })
  assert.deepEqual(needs, { kubernetes: false })
})
