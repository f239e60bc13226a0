import assert from 'node:assert/strict'
import test, { before } from 'node:test'
import { labelOf } from '../cloud/lifetime.ts'
import { everyPolicy, oneOf, type Plan, plannedEnd, planOf } from '../cloud/planned.ts'
import { mockedKey } from '../mocks.ts'

const config = {
  name: 'mine',
  project: 'my-project',
  zone: 'europe-west3-b',
  agentImage: 'europe-docker.pkg.dev/my-project/demo/wireproof-agent:0.1.0',
  workloadImage: 'registry.test/wireproof-workload:0.1.0',
}
const become = {
  'gcp:container/cluster:Cluster': {
    endpoint: '203.0.113.7',
    masterAuth: { clusterCaCertificate: 'Y2E=' },
    selfLink: 'https://container.test/mine',
  },
  'gcp:serviceaccount/account:Account': { email: 'a@b.test', member: 'serviceAccount:a@b.test' },
  'gcp:projects/iAMCustomRole:IAMCustomRole': { name: 'projects/my-project/roles/mine_end' },
}
let plan: Plan
before(async () => {
  plan = await planOf(() => import('./index.ts'), config, become)
})

const one = (type: string, part?: string) => oneOf(plan, type, part)

test('every policy holds', () => {
  for (const policy of everyPolicy(labelOf(plannedEnd))) assert.deepEqual(policy(plan.planned), [])
})

test('the cluster is in one zone, with Ubuntu on its nodes and Google’s older data plane', () => {
  const { inputs } = one('Cluster', 'mine-cluster')
  assert.equal(inputs.location, 'europe-west3-b')
  assert.equal(inputs.datapathProvider, 'LEGACY_DATAPATH')
  assert.equal(inputs.deletionProtection, false)
  const { nodeConfig, nodeCount } = one('NodePool').inputs as {
    nodeConfig: { imageType: string; tags: string[] }
    nodeCount: number
  }
  assert.deepEqual([nodeConfig.imageType, nodeCount], ['UBUNTU_CONTAINERD', 2])
  assert.deepEqual(nodeConfig.tags, one('Firewall').inputs.targetTags)
})

test('it ends by itself, and whoever ends it may do nothing else', () => {
  const { inputs } = one('Job')
  assert.equal(inputs.schedule, '0 16 1 1 *')
  const target = inputs.httpTarget as { uri: string }
  assert.match(target.uri, /\/projects\/my-project\/locations\/europe-west3-b\/clusters\/mine$/)
  assert.deepEqual(one('IAMCustomRole').inputs.permissions, ['container.clusters.delete'])
})

test('agents are beside Google’s network', () => {
  const agents = JSON.stringify(one('DaemonSet', 'agent-').inputs)
  assert.ok(!agents.includes('cni'))
  assert.ok(agents.includes('--wire=ens4'))
  const data = one('ConfigMap').inputs.data as Record<string, string>
  const { routing, clusterCidrs } = JSON.parse(data['config.json']!)
  assert.deepEqual([routing, clusterCidrs], ['given', ['10.92.0.0/16']])
})

test('outputs tell how to go on, and no secret', () => {
  assert.match(plan.shown, /gcloud container clusters get-credentials mine --zone europe-west3-b/)
  assert.ok(!plan.shown.includes(mockedKey.slice(25, 45)))
})

test('what is wrong with the configuration is said at once', async () => {
  await assert.rejects(
    planOf(() => import('./index.ts'), { zone: 'here', machineType: 'big', ttl: '1y' }, become),
    (error: Error) => error.message.split('\n').length === 6,
  )
})
