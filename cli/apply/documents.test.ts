import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sortPolicies } from './documents.ts'

const network = (name: string) =>
  `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: ${name}}\nspec: {podSelector: {}}\n`
const encryption = `apiVersion: wireproof.dev/v1alpha1\nkind: EncryptionPolicy\nmetadata: {name: e}\nspec: {nodes: all}\n`

test('the documents of a file are sorted by what they are about, whatever their order', () => {
  const sorted = sortPolicies('f', [network('a'), encryption, network('b'), '\n'].join('---\n'))
  assert.deepEqual(sorted.counts, { network: 2, encryption: 1 })
  assert.match(sorted.network, /name: a.*---.*name: b/s)
  assert.match(sorted.encryption, /^apiVersion: wireproof/)
})

test('an empty file has no policies', () => {
  assert.deepEqual(sortPolicies('f', ''), {
    network: '',
    encryption: '',
    counts: { network: 0, encryption: 0 },
  })
})

for (const [what, text, says] of [
  [
    'another kind',
    'kind: Pod\n',
    /^f is not understood: document 1: kind must be one of NetworkPolicy, Encr/,
  ],
  ['a misspelt field', encryption.replace('nodes', 'node'), /^f is not understood: spec\.node is not known/],
  ['no YAML', 'a: [\n', /^f is not understood: /],
  ['a list', '- a\n', /kind must be one of/],
] as const)
  test(`refused: ${what}`, () => {
    assert.throws(() => sortPolicies('f', text), { code: 'EPOLICY', exitCode: 2, message: says })
  })
