import assert from 'node:assert/strict'
import test, { before } from 'node:test'
import { everyPolicy, oneOf, type Plan, plannedEnd, planOf } from '../cloud/planned.ts'
import { nothingFromOutside, onlyEspBetweenNodes } from '../cloud/policies.ts'
import { mockedKey } from '../mocks.ts'

const config = {
  name: 'mine',
  region: 'eu-central-1',
  nodes: '3',
  agentImage: '123456789012.dkr.ecr.eu-central-1.amazonaws.com/wireproof-agent:0.1.0',
  workloadImage: 'registry.test/wireproof-workload:0.1.0',
}
const become = {
  'aws:eks/cluster:Cluster': {
    endpoint: 'https://eks.test',
    certificateAuthority: { data: 'Y2E=' },
    arn: 'arn:aws:eks:eu-central-1:1:cluster/mine',
    createdAt: '2030-01-01',
    vpcConfig: { clusterSecurityGroupId: 'sg-of-control-plane' },
  },
  'aws:iam/role:Role': { arn: 'arn:aws:iam::1:role/some' },
  'aws:ec2/launchTemplate:LaunchTemplate': { latestVersion: 3 },
}
let plan: Plan
before(async () => {
  plan = await planOf(() => import('./index.ts'), config, become)
})

const one = (type: string, part?: string) => oneOf(plan, type, part)

test('every policy holds', () => {
  for (const policy of everyPolicy(plannedEnd)) assert.deepEqual(policy(plan.planned), [])
})

test('the cluster is small, and its nodes are in one zone', () => {
  const { inputs } = one('NodeGroup')
  assert.deepEqual(inputs.scalingConfig, { desiredSize: 3, minSize: 3, maxSize: 3 })
  assert.deepEqual(inputs.instanceTypes, ['t3.medium'])
  assert.equal((inputs.subnetIds as string[]).length, 1)
  assert.equal(inputs.amiType, 'AL2023_x86_64_STANDARD')
})

test('it ends by itself, its nodes first', () => {
  const schedules = plan.planned.filter(({ type }) => type.endsWith(':Schedule'))
  const calls = schedules.map(({ inputs }) => {
    const { arn, input } = inputs.target as { arn: string; input: string }
    return [inputs.scheduleExpression, arn.split(':').at(-1), JSON.parse(input)]
  })
  assert.deepEqual(calls, [
    ['at(2030-01-01T16:00:00)', 'deleteNodegroup', { ClusterName: 'mine', NodegroupName: 'mine-nodes' }],
    ['at(2030-01-01T16:20:00)', 'deleteCluster', { Name: 'mine' }],
  ])
})

test('whoever ends it may do nothing else', () => {
  const { Statement } = JSON.parse(one('RolePolicy').inputs.policy as string)
  assert.deepEqual(Statement, [
    {
      Effect: 'Allow',
      Action: ['eks:DeleteNodegroup', 'eks:DeleteCluster'],
      Resource: ['arn:aws:eks:*:*:cluster/mine', 'arn:aws:eks:*:*:nodegroup/mine/mine-nodes/*'],
    },
  ])
})

test('Amazon’s CNI stays, with what agents need of it, and before there are nodes', () => {
  const { inputs } = one('Addon')
  assert.deepEqual(JSON.parse(inputs.configurationValues as string), {
    env: {
      MAX_ENI: '1',
      AWS_VPC_CNI_NODE_PORT_SUPPORT: 'false',
      AWS_VPC_K8S_CNI_EXTERNALSNAT: 'true',
    },
  })
  const at = (type: string) => plan.planned.findIndex((each) => each.type.endsWith(`:${type}`))
  assert.ok(at('Addon') < at('NodeGroup'))
})

test('agents are beside it: they plug in nothing and make no routes', () => {
  const agents = JSON.stringify(one('DaemonSet', 'agent-').inputs)
  assert.ok(!agents.includes('cni'))
  assert.ok(agents.includes('--wire=ens5'))
  assert.ok(agents.includes('--addresses=pods'))
  const data = one('ConfigMap').inputs.data as Record<string, string>
  assert.deepEqual(JSON.parse(data['config.json']!), {
    encryptL3: true,
    strict: true,
    routing: 'given',
    clusterCidrs: ['10.90.16.0/20'],
  })
})

test('what cannot be reached any more is forgotten with the cluster', () => {
  const { inputs } = plan.planned.find(({ type }) => type === 'pulumi:providers:kubernetes')!
  assert.equal(inputs.deleteUnreachable, 'true')
  assert.match(`${inputs.kubeconfig}`, /"get-token","--cluster-name","mine","--region","eu-central-1"/)
})

test('outputs tell how to go on, and no secret', () => {
  assert.match(plan.shown, /aws eks update-kubeconfig --name mine --region eu-central-1/)
  assert.match(plan.shown, /2030-01-01T16:00:00/)
  assert.ok(!plan.shown.includes(mockedKey.slice(25, 45)))
  // The control: it is known, and to the Secret alone.
  const holders = plan.planned.filter(({ inputs }) =>
    JSON.stringify(inputs).includes(mockedKey.slice(25, 45)),
  )
  assert.deepEqual(
    holders.map(({ name }) => name),
    ['agent-secret-wireproof-key'],
  )
})

test('out of strict mode what is in clear passes the cloud’s firewall as well', async () => {
  const loose = await planOf(() => import('./index.ts'), { ...config, strict: 'false' }, become)
  assert.deepEqual(onlyEspBetweenNodes(loose.planned), ['-1 passes between nodes'])
  assert.deepEqual(nothingFromOutside(loose.planned), [])
})

test('what is wrong with the configuration is said at once', async () => {
  const wrong = {
    region: 'Frankfurt',
    ttl: '5m',
    nodes: '0',
    instanceType: 'big',
    kubernetesVersion: 'latest',
    apiAccess: 'me',
    agentImage: 'wireproof-agent:0.1.0',
  }
  await assert.rejects(
    planOf(() => import('./index.ts'), wrong, become),
    (error: Error) => error.message.split('\n').length === 8,
  )
})
