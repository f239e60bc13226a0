import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ConfigError } from '../error.ts'
import { goodConfigs } from './sample-configs.ts'
import { formatConfig, parseConfig } from './yaml.ts'

const head = 'kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n'

/** What is said of a file. */
function complaint(text: string, file?: string): string {
  try {
    parseConfig(text, file)
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.message
  }
  return ''
}

describe('a file', () => {
  test('is read', () => {
    assert.deepEqual(parseConfig(`${head}nodes: [{role: control-plane}, {role: worker}]\n`).nodes, [
      { role: 'control-plane' },
      { role: 'worker' },
    ])
  })

  test('must say what it is, as kind wants it', () => {
    assert.equal(
      complaint('name: a\n', 'kind.yaml'),
      'kind.yaml\nline 1, kind: is missing; allowed: Cluster\nline 1, apiVersion: is missing; allowed: kind.x-k8s.io/v1alpha4',
    )
    assert.match(complaint(''), /must be an object/)
  })

  test('has lines, which problems name', () => {
    const text = `${head}nodes:\n- role: control-plane\n  labels:\n    "a b": c\n- role: workers\n  extraMounts:\n  - hostPath: /a\n`
    assert.equal(
      complaint(text).replace(/"a b" is not a label.*/, '...'),
      [
        'line 6, nodes[0].labels["a b"]: ...',
        'line 7, nodes[1].role: "workers" is not allowed; allowed: control-plane, worker',
        'line 9, nodes[1].extraMounts[0].containerPath: is missing; it is required here',
      ].join('\n'),
    )
  })

  test('that is not YAML is refused with the line', () => {
    assert.match(complaint(`${head}nodes: [\n`), /^line 4: Flow sequence /)
    assert.match(complaint(`${head}name: a\nname: b\n`), /^line 4: Map keys must be unique$/)
  })
})

describe('what is written', () => {
  for (const [what, config] of Object.entries(goodConfigs))
    test(`is read again: ${what}`, () => {
      const written = formatConfig(config)
      assert.ok(written.startsWith(head), written)
      assert.deepEqual(parseConfig(written), {
        kind: 'Cluster',
        apiVersion: 'kind.x-k8s.io/v1alpha4',
        ...config,
      })
    })

  test('has nothing of what is undefined', () => {
    assert.doesNotMatch(formatConfig({ nodes: [{ role: 'worker', image: undefined as never }] }), /image/)
  })

  test('has no aliases, which kind would read but people would not', () => {
    const node = { role: 'worker' as const, labels: { a: 'b' } }
    assert.doesNotMatch(formatConfig({ nodes: [node, node] }), /[&*]/)
  })
})
