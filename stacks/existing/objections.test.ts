import assert from 'node:assert/strict'
import test from 'node:test'
import {
  addressesByOf,
  type ClusterFacts,
  daemonSetFacts,
  type NodeFacts,
  nodeFacts,
  podRangesOf,
} from './facts.ts'
import { refusalOf, warningsOf } from './objections.ts'
import { readExistingSettings } from './settings.ts'

const node = (name: string, changed: Partial<NodeFacts> = {}): NodeFacts => ({
  name,
  kernel: '6.8.0-1021-gcp',
  operatingSystem: 'linux',
  isReady: true,
  podRanges: [`10.244.${name.slice(1)}.0/24`],
  ...changed,
})
const daemonSet = (name: string, image: string, variables: readonly string[] = []) => ({
  name,
  images: [image],
  arguments: [],
  variables,
})
const plain: ClusterFacts = {
  identifier: 'uid',
  nodes: [node('n1'), node('n2')],
  daemonSets: [
    daemonSet('kube-system/kube-proxy', 'registry.k8s.io/kube-proxy:v1.34.2'),
    daemonSet('kube-system/kindnet', 'docker.io/kindest/kindnetd:v20250512'),
  ],
  pods: [{ node: 'n1', address: '10.244.1.7' }],
  settings: {},
  felixEncrypts: false,
}
const settings = (config: Readonly<Record<string, string>> = {}) =>
  readExistingSettings((key) => config[key], '/nowhere')

const refused = (changed: Partial<ClusterFacts>, config: Readonly<Record<string, string>> = {}) =>
  refusalOf({ ...plain, ...changed }, settings(config))?.message

test('nothing speaks against an ordinary cluster', () => {
  assert.equal(refused({}), undefined)
  assert.deepEqual(warningsOf(plain, settings()), [])
})

test('whatever encrypts already is named, and where it is said', () => {
  const inMaps = (name: string, data: Record<string, string>) => refused({ settings: { [name]: data } })
  assert.match(
    inMaps('kube-system/cilium-config', { 'enable-ipsec': 'true' })!,
    /^Cilium encrypts with IPsec/,
  )
  assert.match(inMaps('kube-system/cilium-config', { 'enable-wireguard': 'true' })!, /WireGuard/)
  assert.match(
    inMaps('kube-flannel/kube-flannel-cfg', { 'net-conf.json': '{"Backend": {"Type": "wireguard"}}' })!,
    /^Flannel encrypts with wireguard/,
  )
  assert.match(
    inMaps('kube-system/antrea-config', { 'antrea-agent.conf': 'trafficEncryptionMode: ipsec\n' })!,
    /^Antrea encrypts with ipsec/,
  )
  assert.match(refused({ felixEncrypts: true })!, /^Calico encrypts/)
  for (const [name, image] of [
    ['vpn/gateway', 'strongx509/strongswan:5.9'],
    ['submariner-operator/submariner-gateway', 'quay.io/submariner/submariner-gateway:0.18'],
    ['openshift-ovn-kubernetes/ovn-ipsec-host', 'quay.io/openshift/ovn'],
  ] as const)
    assert.match(refused({ daemonSets: [daemonSet(name, image)] })!, /sets up IPsec or WireGuard/)
  assert.match(
    refused({
      daemonSets: [daemonSet('kube-system/weave-net', 'weaveworks/weave-kube:2.8', ['WEAVE_PASSWORD='])],
    })!,
    /^Weave Net encrypts/,
  )
})

test('the same without encryption is no obstacle', () => {
  const maps = {
    'kube-system/cilium-config': { 'enable-ipsec': 'false' },
    'kube-flannel/kube-flannel-cfg': { 'net-conf.json': '{"Backend": {"Type": "vxlan"}}' },
    'kube-system/antrea-config': { 'antrea-agent.conf': 'trafficEncryptionMode: none\n' },
  }
  const calico = daemonSet('kube-system/calico-node', 'docker.io/calico/node:v3.30', [
    'FELIX_BPFENABLED=false',
  ])
  const daemonSets = [calico]
  assert.equal(refused({ settings: maps, daemonSets }), undefined)
})

test('a network whose programs are where ours would be is refused', () => {
  const cilium = daemonSet('kube-system/anetd', 'gcr.io/gke-release/cilium/cilium:v1.17')
  assert.match(refused({ daemonSets: [cilium] })!, /Cilium’s \(DaemonSet kube-system\/anetd\)/)
  const calico = daemonSet('calico-system/calico-node', 'calico/node:v3.30', ['FELIX_BPFENABLED=true'])
  assert.match(refused({ daemonSets: [calico] })!, /BPF data plane/)
})

test('a kernel that is too old is named with its version', () => {
  for (const kernel of ['5.15.0-1086-aws', '6.0.9'])
    assert.match(
      refused({ nodes: [node('n1'), node('n2', { kernel })] })!,
      new RegExp(`too old on n2 \\(${kernel}`),
    )
  for (const kernel of ['6.1.0-40-amd64', '6.12.40-64.114.amzn2023', '7.0.1', ''])
    assert.equal(refused({ nodes: [node('n1', { kernel }), node('n2')] }), undefined, kernel)
})

test('where nodes have no ranges, or pods are from elsewhere, addresses are known by pods', () => {
  const rangeless = { nodes: [node('n1', { podRanges: [] }), node('n2')] }
  const elsewhere = { pods: [{ node: 'n1', address: '10.244.2.7' }] }
  assert.equal(addressesByOf(plain), 'ranges')
  for (const changed of [rangeless, elsewhere]) {
    assert.equal(addressesByOf({ ...plain, ...changed }), 'pods')
    assert.match(refused(changed)!, /cannot be told which addresses pods have/)
    assert.equal(refused(changed, { podRanges: '10.244.0.0/16' }), undefined)
    const asNetwork = { podRanges: '10.244.0.0/16', network: 'ours' }
    assert.match(refused({ ...changed, daemonSets: [] }, asNetwork)!, /nodes have no ranges/)
  }
})

test('Amazon’s CNI has to be as the stack eks has it', () => {
  const aws = (...variables: string[]) => ({
    daemonSets: [daemonSet('kube-system/aws-node', 'ecr/amazon-k8s-cni:v1.20', variables)],
  })
  const wanted = ['MAX_ENI=1', 'AWS_VPC_CNI_NODE_PORT_SUPPORT=false', 'AWS_VPC_K8S_CNI_EXTERNALSNAT=true']
  assert.match(refused(aws())!, /^Amazon’s CNI \(DaemonSet kube-system\/aws-node\)/)
  assert.match(refused(aws(...wanted.slice(1), 'MAX_ENI=-1'))!, /^Amazon’s CNI/)
  assert.equal(refused(aws(...wanted)), undefined)
})

test('a cluster has one network', () => {
  assert.match(refused({}, { network: 'ours' })!, /has a network \(DaemonSet kube-system\/kindnet\)/)
  const none = { daemonSets: [], nodes: [node('n1', { isReady: false }), node('n2', { isReady: false })] }
  assert.match(refused(none)!, /no node is ready/)
  assert.equal(refused(none, { network: 'ours' }), undefined)
  assert.equal(refused({ nodes: [node('n1', { isReady: false }), node('n2')] }), undefined)
})

test('what agents cannot do there is said first', () => {
  const windows = node('w1', { operatingSystem: 'windows', kernel: '10.0.20348' })
  assert.deepEqual(
    warningsOf({ ...plain, nodes: [node('n1'), windows] }, settings()).map((each) => each.split(' ')[0]),
    ['n1', 'w1'],
  )
  assert.match(refused({ nodes: [windows] })!, /no Linux node/)
  assert.match(warningsOf(plain, settings({ strict: 'true' }))[0]!, /address of a Service/)
})

test('strict is false unless somebody says so: others use this cluster', () => {
  assert.equal(settings().flags.strict, false)
  assert.equal(settings({ strict: 'true' }).flags.strict, true)
})

test('what is wrong with the configuration is said at once', () => {
  assert.throws(
    () =>
      settings({
        network: 'mine',
        wire: 'no such name',
        podRanges: '10.0.0.0',
        withoutEsp: 'go',
        suite: 'rot13',
      }),
    (error: Error) => error.message.split('\n').length === 5,
  )
})

test('pods’ ranges are what kubeadm was told, else what nodes have', () => {
  assert.deepEqual(podRangesOf(plain), ['10.244.1.0/24', '10.244.2.0/24'])
  const told = (podSubnet: string) =>
    podRangesOf({
      ...plain,
      settings: {
        'kube-system/kubeadm-config': { ClusterConfiguration: `networking:\n  podSubnet: ${podSubnet}\n` },
      },
    })
  assert.deepEqual(told('10.244.0.0/16'), ['10.244.0.0/16'])
  assert.deepEqual(told('10.1.0.0/16,fd00::/56'), ['10.1.0.0/16', 'fd00::/56'])
})

test('facts are read from objects as the API server has them', () => {
  assert.deepEqual(
    nodeFacts({
      metadata: { name: 'n1' },
      spec: { podCIDR: '10.0.1.0/24', podCIDRs: ['10.0.1.0/24', 'fd00::/64'] },
      status: {
        nodeInfo: { kernelVersion: '6.12.1', operatingSystem: 'linux' },
        conditions: [{ type: 'Ready', status: 'True' }],
      },
    }),
    {
      name: 'n1',
      kernel: '6.12.1',
      operatingSystem: 'linux',
      isReady: true,
      podRanges: ['10.0.1.0/24', 'fd00::/64'],
    },
  )
  const containers = [{ image: 'a', command: ['b'], args: ['c'], env: [{ name: 'D', value: 'e' }] }]
  assert.deepEqual(
    daemonSetFacts({
      metadata: { name: 'n', namespace: 'm' },
      spec: { template: { spec: { containers } } },
    }),
    { name: 'm/n', images: ['a'], arguments: ['b', 'c'], variables: ['D=e'] },
  )
})
