import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { scopeManifest } from '../../deploy/kubernetes/manifests.ts'
import { readAgentFlags } from './agent-flags.ts'

function read(config: Readonly<Record<string, string>>, directory = '/nowhere') {
  const mistakes: string[] = []
  return { flags: readAgentFlags((key) => config[key], directory, mistakes), mistakes }
}

test('without a word agents encrypt what pods send, and drop what they cannot encrypt', () => {
  const { flags, mistakes } = read({})
  assert.deepEqual(flags, {
    encryptL3: true,
    strict: true,
    suite: 'aes-gcm-128',
    keyGeneration: 1,
    scope: [scopeManifest],
  })
  assert.deepEqual(mistakes, [])
})

test('what is not there yet is refused, and not left out in silence', () => {
  assert.match(read({ enableEncryptL7: 'true' }).mistakes.join(), /enableEncryptL7 must be false/)
  assert.deepEqual(read({ enableEncryptL7: 'false' }).mistakes, [])
})

test('nodes are in scope as they are without Pulumi, unless only pods are to be', () => {
  const [policy] = read({ scope: 'nodes' }).flags.scope
  assert.deepEqual([policy?.kind, policy?.spec], ['EncryptionPolicy', { nodes: 'all' }])
  assert.deepEqual(read({ scope: 'pods' }).flags.scope, [])
})

test('a file with EncryptionPolicies is read as an agent would read it', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'wireproof-scope-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const policy = (spec: string) =>
    `apiVersion: wireproof.dev/v1alpha1\nkind: EncryptionPolicy\nmetadata: { name: some }\nspec: ${spec}\n`
  writeFileSync(join(directory, 'good.yaml'), policy('{ pods: all }'))
  writeFileSync(join(directory, 'bad.yaml'), policy('{ pods: few }'))
  assert.deepEqual(
    read({ scope: 'good.yaml' }, directory).flags.scope.map(({ metadata }) => metadata.name),
    ['some'],
  )
  assert.match(read({ scope: 'bad.yaml' }, directory).mistakes.join(), /bad\.yaml: .*pods/)
  assert.match(read({ scope: 'none.yaml' }, directory).mistakes.join(), /there is no file .*none\.yaml/)
})
