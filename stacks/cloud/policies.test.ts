import assert from 'node:assert/strict'
import test from 'node:test'
import { recordedInputs } from './planned.ts'
import {
  endComesFirst,
  everythingSaysItsEnd,
  inputsAreKnown,
  nothingElseCosts,
  nothingFromOutside,
  onlyEspBetweenNodes,
  type Planned,
} from './policies.ts'

/** For every policy what it must not let pass; that it lets pass what is well the programs' tests say. */

const rule = (inputs: Planned['inputs']): Planned => ({
  type: 'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule',
  name: 'rule',
  inputs: { securityGroupId: 'n', ipProtocol: '50', ...inputs },
})
const firewall = (inputs: Planned['inputs']): Planned => ({
  type: 'gcp:compute/firewall:Firewall',
  name: 'firewall',
  inputs: { allows: [{ protocol: 'esp' }], ...inputs },
})
const esp = [
  rule({ referencedSecurityGroupId: 'n' }),
  rule({ referencedSecurityGroupId: 'n', ipProtocol: 'udp', fromPort: 4500, toPort: 4500 }),
]

test('whoever has an address is noticed', () => {
  const group = { type: 'aws:ec2/securityGroup:SecurityGroup', name: 'g', inputs: { ingress: [] } }
  for (const each of [
    rule({ cidrIpv4: '0.0.0.0/0' }),
    rule({ cidrIpv6: '::/0' }),
    group,
    firewall({ sourceRanges: ['0.0.0.0/0'], sourceTags: ['node'] }),
    firewall({}),
  ])
    assert.equal(nothingFromOutside([each]).length, 1)
  assert.deepEqual(nothingFromOutside([...esp, firewall({ sourceTags: ['node'] })]), [])
})

test('what else passes between nodes is noticed, and that ESP does not', () => {
  assert.deepEqual(onlyEspBetweenNodes(esp), [])
  assert.deepEqual(onlyEspBetweenNodes(esp.slice(1)), ['esp does not pass between nodes'])
  for (const extra of [
    { ipProtocol: '-1' },
    { ipProtocol: 'tcp', fromPort: 22, toPort: 22 },
    { ipProtocol: 'udp', fromPort: 4500, toPort: 4501 },
  ])
    assert.equal(onlyEspBetweenNodes([...esp, rule({ referencedSecurityGroupId: 'n', ...extra })]).length, 1)
  const open = firewall({
    allows: [{ protocol: 'esp' }, { protocol: 'udp', ports: ['4500'] }, { protocol: 'tcp' }],
  })
  assert.deepEqual(onlyEspBetweenNodes([open]), ['tcp passes between nodes'])
})

test('what does not say when it ends is noticed', () => {
  const says = everythingSaysItsEnd(recordedInputs, 'then')
  const vpc = (tags?: object): Planned => ({ type: 'aws:ec2/vpc:Vpc', name: 'vpc', inputs: { tags } })
  assert.equal(says([vpc(), vpc({ owner: 'me' }), vpc({ expires: 'later' })]).length, 3)
  assert.deepEqual(says([vpc({ expires: 'then' })]), [])
})

test('what nobody has looked at is noticed', () => {
  const gateway = { type: 'aws:ec2/natGateway:NatGateway', name: 'nat', inputs: {} }
  assert.match(nothingElseCosts(recordedInputs)([gateway])[0]!, /^nat is a aws:ec2\/natGateway/)
})

test('an input of another name is noticed, however deep it is', () => {
  const known = inputsAreKnown(recordedInputs)
  const cluster = (vpcConfig: object): Planned => ({
    type: 'aws:eks/cluster:Cluster',
    name: 'c',
    inputs: { roleArn: 'r', vpcConfig },
  })
  assert.deepEqual(known([cluster({ subnetIds: [] })]), [])
  assert.deepEqual(known([cluster({ subnets: [] })]), [
    'c (aws:eks/cluster:Cluster) has no input vpcConfig.subnets',
  ])
  const schedule = {
    type: 'aws:scheduler/schedule:Schedule',
    name: 's',
    inputs: {
      flexibleTimeWindow: { mode: 'OFF' },
      scheduleExpression: 'at()',
      target: { retryPolicy: { attempts: 1 } },
    },
  }
  assert.match(known([schedule])[0]!, /target\.retryPolicy\.attempts$/)
  assert.deepEqual(known([{ type: 'aws:eks/addon:Addon', name: 'a', inputs: { addonName: 'x' } }]), [
    'a lacks clusterName',
  ])
})

test('a cluster that is there before its end is noticed, and one without', () => {
  const cluster = { type: 'gcp:container/cluster:Cluster', name: 'c', inputs: {} }
  const uri = 'https://container.googleapis.com/v1/projects/p/locations/l/clusters/c'
  const job = {
    type: 'gcp:cloudscheduler/job:Job',
    name: 'j',
    inputs: { httpTarget: { httpMethod: 'DELETE', uri } },
  }
  assert.deepEqual(endComesFirst([job, cluster]), [])
  assert.deepEqual(endComesFirst([cluster, job]), ['the cluster is there before its end'])
  assert.equal(endComesFirst([cluster]).length, 2)
})
