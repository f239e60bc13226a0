import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClusterPod } from '../cluster/state.ts'
import type { Labels } from '../policy/network-policy.ts'
import type { Service } from './encryption-policy.ts'
import { parseEncryptionPolicies } from './parse.ts'
import { Scope } from './scope.ts'

const pod = (labels: Labels, namespace?: string): ClusterPod => ({
  name: 'a',
  node: 'n1',
  addresses: ['10.0.1.2'],
  labels,
  ...(namespace === undefined ? {} : { namespace }),
})
const web = pod({ app: 'web' })
const db = pod({ app: 'db' })
const node = (labels?: Labels) => ({
  name: 'n1',
  underlay: '192.168.0.1',
  podCidrs: ['10.0.1.0/24'],
  ...(labels && { labels }),
})

function scope(...specs: string[]): Scope {
  const policies = specs.flatMap((spec, at) =>
    parseEncryptionPolicies(
      `{apiVersion: wireproof.dev/v1alpha1, kind: EncryptionPolicy, metadata: {name: p${at}}, spec: ${spec}}`,
    ),
  )
  return new Scope({
    encryptionPolicies: new Map([['file', policies]]),
    services: new Map<string, Service>([
      ['db', { name: 'db', namespace: 'default', selector: { app: 'db' } }],
      ['nobody', { name: 'nobody', namespace: 'default', selector: {} }],
    ]),
    namespaces: new Map([['shop', { tier: 'secret' }]]),
  })
}

test('without a policy, and by a policy that says nothing of pods, all pods are in scope and no node', () => {
  for (const each of [
    scope(),
    scope('{}'),
    scope('{pods: all}'),
    scope('{nodes: {nodeSelector: {matchLabels: {rack: r1}}}}'),
  ]) {
    assert.ok(each.hasPod(web) && each.isOfAllPods)
    assert.equal(each.hasNode(node()), false)
  }
})

test('pods are selected by label, by namespace, and by a service in front of them', () => {
  const byLabel = scope('{pods: [{podSelector: {matchLabels: {app: web}}}]}')
  assert.deepEqual([byLabel.hasPod(web), byLabel.hasPod(db)], [true, false])
  const byNamespace = scope('{pods: [{namespaceSelector: {matchLabels: {tier: secret}}}]}')
  assert.deepEqual([byNamespace.hasPod(web), byNamespace.hasPod(pod({ app: 'web' }, 'shop'))], [false, true])
  const byName = scope(
    '{pods: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: default}}, podSelector: {matchLabels: {app: db}}}]}',
  )
  assert.deepEqual(
    [byName.hasPod(web), byName.hasPod(db), byName.hasPod(pod({ app: 'db' }, 'shop'))],
    [false, true, false],
  )
  const byService = scope('{services: [{name: db}]}')
  assert.deepEqual(
    [byService.hasPod(web), byService.hasPod(db), byService.hasPod(pod({ app: 'db' }, 'shop'))],
    [false, true, false],
  )
  assert.equal(scope('{services: [{name: nobody}]}').hasPod(web), false, 'a service without a selector')
})

test('policies add up: what any of them covers is covered', () => {
  const both = scope('{services: [{name: db}]}', '{pods: [{podSelector: {matchLabels: {app: web}}}]}')
  assert.deepEqual([both.hasPod(web), both.hasPod(db), both.hasPod(pod({}))], [true, true, false])
  assert.ok(scope('{services: [{name: db}]}', '{nodes: all}').hasPod(web), 'one that is about all pods')
  assert.ok(!scope('{services: [{name: db}]}', '{nodes: all, pods: []}').hasPod(web))
})

test('nodes are selected by label, or all', () => {
  assert.ok(scope('{nodes: all}').hasNode(node()))
  const byLabel = scope('{nodes: {nodeSelector: {matchLabels: {rack: r1}}}}')
  assert.deepEqual(
    [byLabel.hasNode(node({ rack: 'r1' })), byLabel.hasNode(node({ rack: 'r2' }))],
    [true, false],
  )
})

test('a policy that selects nothing, or a service that is not there, is told', () => {
  const problems = (...specs: string[]) =>
    scope(...specs).problems({ pods: new Map([['web', web]]), nodes: new Map([['n1', node()]]) })
  assert.deepEqual(problems('{}'), [])
  assert.deepEqual(problems('{pods: [{podSelector: {matchLabels: {app: web}}}]}'), [])
  assert.deepEqual(problems('{services: [{name: db}]}'), ['encryption policy p0 selects no pod and no node'])
  assert.deepEqual(problems('{nodes: all, pods: []}'), [])
  assert.deepEqual(problems('{nodes: {nodeSelector: {matchLabels: {rack: r1}}}}'), [
    'encryption policy p0 selects no node',
  ])
  assert.deepEqual(problems('{services: [{name: db}, {name: gone}], nodes: all}'), [
    'encryption policy p0 names service default/gone, which does not exist',
  ])
})

test('what any policy exempts is exempt: the control plane where a policy about nodes does not say', () => {
  const ports = (...specs: string[]) =>
    scope(...specs).exempt.map(({ protocol, port }) => `${protocol} ${port}`)
  const controlPlane = ['TCP 6443', 'TCP 2379', 'TCP 2380', 'TCP 10250']
  assert.deepEqual(ports('{}'), [])
  assert.deepEqual(ports('{nodes: all}'), controlPlane)
  assert.deepEqual(ports('{nodes: all, exempt: []}'), [])
  assert.deepEqual(ports('{nodes: all, exempt: [{protocol: UDP, port: 53}]}', '{nodes: all}'), [
    'UDP 53',
    ...controlPlane,
  ])
})
