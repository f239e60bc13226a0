import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Problem } from './problem.ts'
import { Topology } from './topology.ts'
import { parseTopology, readTopology } from './topology-file.ts'

function mistakesIn(yaml: string): string {
  try {
    parseTopology(yaml, 'lab.yaml')
  } catch (error) {
    assert(error instanceof Problem)
    assert.equal(error.exitCode, 2)
    return error.message
  }
  return ''
}

test('the default topology has three nodes with two pods each', () => {
  const topology = readTopology()
  assert.equal(topology.nodes.length, 3)
  for (const node of topology.nodes)
    assert.equal(topology.pods?.filter((pod) => pod.node === node.name).length, 2)
})

test('a key that does not exist is named with its line and what is allowed there', () => {
  assert.equal(
    mistakesIn('nodes:\n  - name: n1\n    size: 3\n'),
    'lab.yaml:3: size is unknown here; allowed: name, labels',
  )
})

test('a pod on a node that does not exist is named with its line and the nodes there are', () => {
  const yaml = 'nodes: [{name: n1}]\npods:\n  - {name: a1, node: n1}\n  - {name: b1, node: n9}\n'
  assert.equal(mistakesIn(yaml), 'lab.yaml:4: pod b1 is on node n9; nodes are: n1')
})

test('several mistakes are reported at once', () => {
  const text = mistakesIn('nodes: [{name: N1}]\nwire: {mtu: 12}\nextra: 1\n')
  assert.match(text, /lab.yaml:1: nodes.0.name must be lower-case/)
  assert.match(text, /lab.yaml:2: wire.mtu must be >= 576/)
  assert.match(
    text,
    /lab.yaml:3: extra is unknown here; allowed: nodes, pods, services, ipFamilies, routing, wire/,
  )
})

test('families of addresses are those there are, each once, with room for the packets of IPv6', () => {
  const nodes = 'nodes: [{name: n1}]\n'
  assert.equal(mistakesIn(`${nodes}ipFamilies: [ipv5]\n`), 'lab.yaml:2: ipFamilies.0 is none of: ipv4, ipv6')
  assert.match(
    mistakesIn(`${nodes}ipFamilies: [ipv6, ipv6]\n`),
    /lab.yaml:2: ipFamilies must not have duplicate/,
  )
  assert.equal(
    mistakesIn(`${nodes}ipFamilies: [ipv6]\nwire: {mtu: 1376}\n`),
    'lab.yaml:3: wire.mtu must be >= 1377 for pods with IPv6',
  )
  for (const families of ['[ipv4]', '[ipv6]', '[ipv4, ipv6]', '[ipv6, ipv4]'])
    assert.equal(mistakesIn(`${nodes}ipFamilies: ${families}\nwire: {mtu: 1377}\n`), '')
  assert.equal(mistakesIn(`${nodes}wire: {mtu: 576}\n`), '')
})

test('routing is native or in VXLAN, which needs room besides', () => {
  const nodes = 'nodes: [{name: n1}]\n'
  assert.equal(mistakesIn(`${nodes}routing: geneve\n`), 'lab.yaml:2: routing is none of: native, vxlan')
  const narrow = (mtu: number) =>
    mistakesIn(`${nodes}ipFamilies: [ipv6]\nrouting: vxlan\nwire: {mtu: ${mtu}}\n`)
  assert.equal(narrow(1446), 'lab.yaml:4: wire.mtu must be >= 1447 for pods with IPv6 in VXLAN')
  assert.equal(narrow(1447), '')
  assert.equal(mistakesIn(`${nodes}routing: native\n`), '')
})

test('text that is no YAML is one sentence with its line', () => {
  assert.match(mistakesIn('nodes: [\n'), /^lab.yaml:\d: not YAML: /)
})

test('a service that selects no pod is a mistake', () => {
  const yaml = 'nodes: [{name: n1}]\nservices: [{name: s, selector: {app: x}, port: 80}]'
  assert.match(mistakesIn(yaml), /service s selects no pod/)
})

test('the published schema is the one the code checks', () => {
  const published = JSON.parse(readFileSync(new URL('topology.schema.json', import.meta.url), 'utf8'))
  assert.deepEqual(published, JSON.parse(JSON.stringify(Topology)))
})
