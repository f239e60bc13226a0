import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Malformed } from '../cluster/parse.ts'
import { controlPlane } from './encryption-policy.ts'
import { parseEncryptionPolicies, parseService } from './parse.ts'

const head = 'apiVersion: wireproof.dev/v1alpha1\nkind: EncryptionPolicy\nmetadata: {name: p}\n'
const parse = (spec: string) => parseEncryptionPolicies(`${head}spec: ${spec}`)[0]!

test('a policy as its users write it', () => {
  assert.deepEqual(
    parseEncryptionPolicies(`
apiVersion: wireproof.dev/v1alpha1
kind: EncryptionPolicy
metadata: {name: payments, labels: {team: pay}}
spec:
  pods:
    - podSelector: {matchLabels: {app: pay}}
  services:
    - {name: ledger, namespace: books}
  nodes: {nodeSelector: {matchExpressions: [{key: rack, operator: Exists}]}}
  exempt: [{port: 8443}, {protocol: UDP, port: 53}]
---
apiVersion: wireproof.dev/v1alpha1
kind: EncryptionPolicy
metadata: {name: hosts}
spec: {nodes: all, pods: []}
`),
    [
      {
        name: 'payments',
        pods: [
          { pods: [{ key: 'app', operator: 'In', values: ['pay'] }], namespaces: [] },
          { service: { namespace: 'books', name: 'ledger' } },
        ],
        nodes: [{ key: 'rack', operator: 'Exists', values: [] }],
        exempt: [
          { protocol: 'TCP', port: 8443 },
          { protocol: 'UDP', port: 53 },
        ],
      },
      { name: 'hosts', pods: [], nodes: [], exempt: controlPlane },
    ],
  )
})

test('what is not said of pods is said of all of them', () => {
  for (const spec of ['{}', '{pods: all}', '{pods: null}', '{nodes: all}'])
    assert.equal(parse(spec).pods, 'all')
  assert.equal(parse('{}').nodes, undefined)
})

for (const [spec, says] of [
  ['{pod: []}', 'spec.pod is not known; allowed are pods, services, nodes, exempt'],
  ['{pods: some}', 'spec.pods must be all, or a list of selectors'],
  ['{pods: [{}]}', 'spec.pods[0] must have podSelector or namespaceSelector; write pods: all to mean all'],
  [
    '{pods: [{ipBlock: {}}]}',
    'spec.pods[0].ipBlock is not known; allowed are podSelector, namespaceSelector',
  ],
  ['{services: [{}]}', 'spec.services[0].name must be a string'],
  ['{services: [{name: A}]}', 'spec.services[0].name must consist of lower case letters, digits, - and .'],
  ['{exempt: []}', 'spec.exempt is about nodes, and there are no nodes'],
  ['{nodes: all, exempt: [{port: 0}]}', 'spec.exempt[0].port must be a whole number from 1 to 65535'],
  [
    '{nodes: all, exempt: [{port: 22}, {port: 4789, protocol: UDP}]}',
    "spec.exempt[1] must not be UDP port 4789: VXLAN would carry pods' packets through it in clear",
  ],
  [
    '{nodes: all, exempt: [{port: 1, protocol: ICMP}]}',
    'spec.exempt[0].protocol must be one of TCP, UDP, SCTP',
  ],
  ['{nodes: some}', 'spec.nodes must be all, or an object with nodeSelector'],
  ['{nodes: {matchLabels: {}}}', 'spec.nodes.matchLabels is not known; allowed are nodeSelector'],
] as const)
  test(`refused: ${spec}`, () => {
    assert.throws(() => parse(spec), new Malformed(says))
  })

test('refused: another kind, no name, the same name twice', () => {
  assert.throws(
    () => parseEncryptionPolicies(head.replace('EncryptionPolicy', 'NetworkPolicy')),
    new Malformed('kind must be one of EncryptionPolicy'),
  )
  assert.throws(
    () => parseEncryptionPolicies(head.replace('{name: p}', '{}')),
    new Malformed('metadata.name must be a string'),
  )
  assert.throws(
    () => parseEncryptionPolicies(`${head}---\n${head}`),
    new Malformed('encryption policy p is there twice'),
  )
})

test('a service: its name, its namespace, and the labels of those behind it', () => {
  assert.deepEqual(parseService({ name: 's', selector: { app: 'a' }, port: 80 }), {
    name: 's',
    namespace: 'default',
    selector: { app: 'a' },
  })
  assert.throws(() => parseService({ name: 's', selector: { app: 1 } }), Malformed)
  assert.throws(() => parseService([]), Malformed)
})

test('a service may have addresses, of both families, and nothing else in their place', () => {
  const addresses = ['10.96.0.7', 'fd00:96::7']
  assert.deepEqual(parseService({ name: 'web', addresses }).addresses, addresses)
  for (const wrong of ['10.96.0.7', ['web'], [7], ['10.96.0.0/16']])
    assert.throws(
      () => parseService({ name: 'web', addresses: wrong }),
      /addresses must be a list of addresses/,
    )
})
