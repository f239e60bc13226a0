import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ConfigError } from '../error.ts'
import { plannedNodeNames } from './node-names.ts'
import { describeProblem } from './problem.ts'
import { badConfigs, goodConfigs } from './sample-configs.ts'
import type { ClusterConfig } from './types.ts'
import { assertValidConfig, validateConfig } from './validate.ts'

const saysOf = (config: unknown) => validateConfig(config).map(describeProblem).join('\n')

describe('nothing is wrong with', () => {
  for (const [what, config] of Object.entries(goodConfigs)) test(what, () => assert.equal(saysOf(config), ''))
})

describe('what is wrong is said, where, and with what is allowed', () => {
  for (const { config, says } of badConfigs) test(says, () => assert.equal(saysOf(config), says))
})

test('every field of a good configuration has a bad value in the table', () => {
  const said = badConfigs.map(({ says }) => says).join('\n')
  const fields = new Set<string>()
  collect(goodConfigs['every field'], '', fields)
  assert.ok(fields.size >= 39, `${fields.size}`)
  const plain = said.replace(/\[\d+\]|\["[^"]*"\]/g, '')
  // A node's patches of this kind are like the cluster's.
  const seen = (field: string) =>
    plain.includes(`\n${field}: `) ||
    plain.includes(`\n${field.replace(/^nodes\.(?=kubeadmConfigPatchesJSON6902)/, '')}: `)
  assert.deepEqual(
    [...fields].filter((field) => !seen(field)),
    [],
  )
})

/** The paths of all fields of a value, without indices and the names in maps. */
function collect(value: unknown, path: string, found: Set<string>): void {
  if (Array.isArray(value)) for (const item of value) collect(item, path, found)
  else if (typeof value === 'object' && value !== null)
    for (const [name, inner] of Object.entries(value)) {
      const isMap = ['labels', 'featureGates', 'runtimeConfig'].includes(path.split('.').at(-1)!)
      collect(inner, isMap ? path : path ? `${path}.${name}` : name, found)
    }
  if (path) found.add(path)
}

test('everything that is wrong is said at once', () => {
  const problems = validateConfig({ name: 'A', networking: { ipFamily: 'x' }, nodes: [{ role: 'y' }] })
  assert.deepEqual(
    problems.map(({ path }) => path),
    ['name', 'networking.ipFamily', 'nodes[0].role'],
  )
  assert.deepEqual(problems[2]?.allowed, ['control-plane', 'worker'])
})

test('what is undefined is not there', () => {
  assert.deepEqual(validateConfig({ name: undefined, nodes: [{ role: undefined }] }), [])
})

test('an error has all problems', () => {
  const check = (config: unknown): void => assertValidConfig(config)
  assert.throws(
    () => check({ a: 1, b: 2 }),
    (error: unknown) => {
      assert.ok(error instanceof ConfigError && error.code === 'ECONFIG')
      assert.deepEqual([error.problems.length, error.message.split('\n').length], [2, 2])
      return true
    },
  )
})

test('nodes are called as kind calls them', () => {
  const nodes: ClusterConfig['nodes'] = [
    {},
    { role: 'worker' },
    { role: 'control-plane' },
    { role: 'worker' },
  ]
  assert.deepEqual(plannedNodeNames({ nodes, name: 'a' }), [
    'a-control-plane',
    'a-worker',
    'a-control-plane2',
    'a-worker2',
    'a-external-load-balancer',
  ])
  assert.deepEqual(plannedNodeNames({}), ['kind-control-plane'])
  assert.deepEqual(plannedNodeNames({ name: 'a' }, 'b'), ['b-control-plane'])
})

test('a name is too long by the longest name of a node', () => {
  const three = { nodes: [{}, {}, {}] }
  assert.equal(saysOf({ ...three, name: 'n'.repeat(41) }), '')
  assert.match(saysOf({ ...three, name: 'n'.repeat(42) }), /external-load-balancer, and a host's name/)
  assert.equal(saysOf({ name: 'n'.repeat(50) }), '')
})
