import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ApiObject } from './follow.ts'
import { announcementOf, lifeOf, toldOf } from './node-status.ts'
import { documentOf, nodeOf, nodeWithoutRange, podOf, serviceOf } from './translate.ts'

const metadata = { name: 'web', namespace: 'shop', resourceVersion: '7' }
const running = { phase: 'Running', podIPs: [{ ip: '10.1.0.2' }, { ip: 'fd00::2' }] }

test('a pod is known by namespace and name, with the ports that its containers name', () => {
  const sidecar = { restartPolicy: 'Always', ports: [{ name: 'metrics', containerPort: 9090 }] }
  const setUp = { ports: [{ name: 'setup', containerPort: 1 }] }
  const containers = [{ ports: [{ name: 'http', containerPort: 80 }, { containerPort: 81 }] }]
  assert.deepEqual(
    podOf({
      metadata,
      spec: { nodeName: 'n1', initContainers: [setUp, sidecar], containers },
      status: running,
    }),
    {
      name: 'shop/web',
      node: 'n1',
      addresses: ['10.1.0.2', 'fd00::2'],
      labels: {},
      namespace: 'shop',
      ports: { metrics: 9090, http: 80 },
    },
  )
})

test('a pod without an address of its own is none: its node’s, not yet one, or no more', () => {
  const spec = { nodeName: 'n1' }
  for (const pod of [
    { metadata, spec: { ...spec, hostNetwork: true }, status: running },
    { metadata, spec, status: { phase: 'Pending' } },
    { metadata, spec, status: { ...running, phase: 'Succeeded' } },
    { metadata, spec, status: { ...running, phase: 'Failed' } },
    { metadata, spec: {}, status: running },
  ])
    assert.equal(podOf(pod), undefined)
})

test('a node is one when it has an address and a range for its pods', () => {
  const status = {
    addresses: [
      { type: 'Hostname', address: 'web' },
      { type: 'InternalIP', address: '172.18.0.2' },
    ],
  }
  const node = { name: 'web', underlay: '172.18.0.2', podCidrs: ['10.1.0.0/24'] }
  assert.deepEqual(nodeOf({ metadata, spec: { podCIDR: '10.1.0.0/24' }, status }), node)
  assert.equal(nodeOf({ metadata, spec: {}, status }), undefined)
  assert.equal(nodeOf({ metadata, spec: { podCIDR: '10.1.0.0/24' } }), undefined)
  assert.deepEqual(nodeWithoutRange({ metadata, spec: {}, status }), { ...node, podCidrs: [] })
  assert.equal(nodeWithoutRange({ metadata }), undefined)
})

test('a service has the addresses that stand for it, of either family, and a headless one none', () => {
  const addressesOf = (spec: object) => serviceOf({ metadata, spec }).addresses
  assert.deepEqual(addressesOf({ clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7', 'fd00:96::7'] }), [
    '10.96.0.7',
    'fd00:96::7',
  ])
  assert.deepEqual(addressesOf({ clusterIP: '10.96.0.7' }), ['10.96.0.7'])
  for (const spec of [{ clusterIP: 'None', clusterIPs: ['None'] }, { externalName: 'a.example' }])
    assert.equal(addressesOf(spec), undefined)
})

test('a service without a selector has no pods behind it', () => {
  assert.deepEqual(serviceOf({ metadata }), { name: 'web', namespace: 'shop', selector: {} })
})

test('what the API server adds to a policy does not get to whoever reads it', () => {
  const policy = { metadata: { ...metadata, labels: { a: 'b' } }, spec: { podSelector: {} }, status: {} }
  assert.deepEqual(documentOf(policy as ApiObject, 'v1', 'Policy'), {
    apiVersion: 'v1',
    kind: 'Policy',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { podSelector: {} },
  })
})

test('a life has the version it was written at, also before its node has said which that was', () => {
  const incarnation = 'ab'.repeat(16)
  assert.deepEqual(lifeOf({ metadata, status: { incarnation } }), { incarnation, revision: 7 })
  assert.deepEqual(lifeOf({ metadata, status: { incarnation, lifeRevision: 5 } }), {
    incarnation,
    revision: 5,
  })
  assert.equal(lifeOf({ metadata, status: {} }), undefined)
})

test('an announcement that makes no sense is none', () => {
  assert.equal(announcementOf({ metadata, status: { announcement: { key: 3 } as never } }), undefined)
})

const agent = {
  key: { id: 3 },
  peers: [{}, {}],
  settled: true,
  waiting: [],
  encryptL3: true,
  strict: true,
} as unknown as Exclude<Parameters<typeof toldOf>[0], string>

test('a node encrypts, or says why it does not, and since when', () => {
  const encrypting = (told: ReturnType<typeof toldOf>) =>
    told.conditions!.find(({ type }) => type === 'Encrypting')!
  const first = toldOf(agent, undefined, '2026-01-01T00:00:00Z')
  assert.deepEqual([encrypting(first).status, encrypting(first).reason], ['True', 'Strict'])
  const same = toldOf({ ...agent, strict: false }, first, '2026-01-02T00:00:00Z')
  assert.deepEqual(
    [encrypting(same).reason, encrypting(same).lastTransitionTime],
    ['Permissive', '2026-01-01T00:00:00Z'],
  )
  const not = toldOf({ ...agent, obstacle: 'it has no ESP' }, first, '2026-01-02T00:00:00Z')
  assert.deepEqual(
    [encrypting(not).status, encrypting(not).reason, encrypting(not).lastTransitionTime],
    ['False', 'NoESP', '2026-01-02T00:00:00Z'],
  )
  assert.equal(encrypting(toldOf('nobody answers', first, '2026-01-02T00:00:00Z')).status, 'Unknown')
})
