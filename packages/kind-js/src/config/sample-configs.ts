/** Configurations for tests: good ones, and one for everything that can be wrong. */

/** Right to kind, and to us. */
export const goodConfigs: Readonly<Record<string, object>> = {
  nothing: {},
  'no nodes': { nodes: [] },
  'kind and version': { kind: 'Cluster', apiVersion: 'kind.x-k8s.io/v1alpha4', name: 'a.b-1' },
  'every field': {
    name: 'all',
    featureGates: { CSIMigration: true },
    runtimeConfig: { 'api/alpha': 'false' },
    networking: {
      ipFamily: 'dual',
      apiServerPort: 6443,
      apiServerAddress: '::1',
      podSubnet: '10.1.0.0/16,fd00:1::/56',
      serviceSubnet: 'fd00:2::/112,10.2.0.0/16',
      disableDefaultCNI: true,
      kubeProxyMode: 'nftables',
      dnsSearch: ['example.org'],
    },
    kubeadmConfigPatches: ['kind: ClusterConfiguration\napiServer:\n  extraArgs: {v: "4"}\n'],
    kubeadmConfigPatchesJSON6902: [
      {
        group: 'kubeadm.k8s.io',
        version: 'v1beta3',
        kind: 'InitConfiguration',
        patch: '- op: add\n  path: /apiServer/certSANs/-\n  value: my-hostname\n',
      },
    ],
    containerdConfigPatches: ['[plugins."io.containerd.grpc.v1.cri"]\n  sandbox_image = "x"\n'],
    containerdConfigPatchesJSON6902: ['[{"op": "remove", "path": "/plugins"}]'],
    nodes: [
      {
        role: 'control-plane',
        image: 'kindest/node:v1.34.2@sha256:0000000000000000000000000000000000000000000000000000000000000000',
        labels: { tier: 'front', 'example.org/zone': '', 'topology.kubernetes.io/zone': 'a' },
        kubeadmConfigPatches: ['kind: JoinConfiguration\n'],
        kubeadmConfigPatchesJSON6902: [{ kind: 'JoinConfiguration', patch: '[]' }],
      },
      {
        role: 'worker',
        extraMounts: [
          {
            hostPath: '/tmp',
            containerPath: '/data',
            readOnly: true,
            selinuxRelabel: false,
            propagation: 'Bidirectional',
          },
          { hostPath: 'relative', containerPath: '/files', propagation: 'None' },
        ],
        extraPortMappings: [
          { containerPort: 80, hostPort: 8080, listenAddress: '127.0.0.1', protocol: 'TCP' },
          { containerPort: 80, hostPort: 8080, listenAddress: '127.0.0.2', protocol: 'TCP' },
          { containerPort: 53, hostPort: 8080, protocol: 'UDP' },
          { containerPort: 81, hostPort: 0 },
          { containerPort: 81, hostPort: 0 },
          { containerPort: 82, hostPort: -1, protocol: 'sctp' },
        ],
      },
    ],
  },
  'one subnet in a dual cluster': { networking: { ipFamily: 'dual', podSubnet: '10.1.0.0/16' } },
  'IPv6 only': { networking: { ipFamily: 'ipv6', podSubnet: 'fd00::/56', serviceSubnet: 'fd01::/112' } },
  'any port': { networking: { apiServerPort: -1, kubeProxyMode: 'none' } },
  'three control planes': { nodes: [{}, { role: 'control-plane' }, {}] },
}

/** One thing that is wrong. */
export interface BadConfig {
  readonly config: unknown
  /** As messages are shown: where, and what. */
  readonly says: string
  /** kind takes it, and fails later or does something else than was meant. */
  readonly kindTakesIt?: true
}

const oneNode = (node: unknown) => ({ nodes: [node] })
const networking = (its: unknown) => ({ networking: its })
const mount = (its: object) => oneNode({ extraMounts: [{ hostPath: '/a', containerPath: '/b', ...its }] })
const port = (its: object) => oneNode({ extraPortMappings: [{ containerPort: 80, ...its }] })
const ports = (...all: object[]) =>
  oneNode({ extraPortMappings: all.map((its) => ({ containerPort: 80, ...its })) })
const labels = (its: unknown) => oneNode({ labels: its })
const patch = (its: unknown) => ({ kubeadmConfigPatchesJSON6902: [its] })
const kubeadm =
  'allowed: ClusterConfiguration, InitConfiguration, JoinConfiguration, KubeletConfiguration, KubeProxyConfiguration'
const anyPort =
  'must be a whole number from -1 to 65535 (0 for a free one, -1 for the provider to choose), and is'

/** Every field with a value that it cannot have. */
export const badConfigs: readonly BadConfig[] = [
  { config: [], says: 'must be an object, and is []' },
  { config: 'x', says: 'must be an object, and is "x"' },
  {
    config: { nodess: [] },
    says:
      'nodess: there is no such field; allowed: kind, apiVersion, name, nodes, networking, featureGates, runtimeConfig, ' +
      'kubeadmConfigPatches, kubeadmConfigPatchesJSON6902, containerdConfigPatches, containerdConfigPatchesJSON6902',
  },
  { config: { kind: 'Pod' }, says: 'kind: "Pod" is not allowed; allowed: Cluster' },
  {
    config: { apiVersion: 'kind.x-k8s.io/v1alpha3' },
    says: 'apiVersion: "kind.x-k8s.io/v1alpha3" is not allowed; allowed: kind.x-k8s.io/v1alpha4',
  },
  { config: { name: 'Upper' }, says: 'name: must match [a-z0-9.-]+, and is "Upper"' },
  { config: { name: ['a'] }, says: 'name: must be text, and is ["a"]' },
  {
    config: { name: 'n'.repeat(51) },
    says: `name: is too long: a node would be called ${'n'.repeat(51)}-control-plane, and a host's name may have 64 characters`,
    kindTakesIt: true,
  },
  { config: { nodes: {} }, says: 'nodes: must be a list, and is {}' },
  { config: { nodes: ['worker'] }, says: 'nodes[0]: must be an object, and is "worker"' },
  {
    config: { nodes: [{ role: 'worker' }, { role: 'worker' }] },
    says: 'nodes: must have at least one node with the role control-plane',
  },
  {
    config: oneNode({ rol: 'worker' }),
    says:
      'nodes[0].rol: there is no such field; allowed: role, image, labels, extraMounts, extraPortMappings, ' +
      'kubeadmConfigPatches, kubeadmConfigPatchesJSON6902',
  },
  {
    config: oneNode({ role: 'master' }),
    says: 'nodes[0].role: "master" is not allowed; allowed: control-plane, worker',
  },
  {
    config: oneNode({ image: 'kindest/node v1' }),
    says: 'nodes[0].image: must be the name of an image, and is "kindest/node v1"',
    kindTakesIt: true,
  },
  { config: labels(['a']), says: 'nodes[0].labels: must be an object, and is ["a"]' },
  {
    config: labels({ 'a b': 'c' }),
    says: 'nodes[0].labels["a b"]: "a b" is not a label: up to 63 of letters, digits, "-", "_" and ".", after a domain and "/" if any',
    kindTakesIt: true,
  },
  {
    config: labels({ 'node-role.kubernetes.io/worker': '' }),
    says:
      'nodes[0].labels["node-role.kubernetes.io/worker"]: "node-role.kubernetes.io/worker" makes the kubelet refuse to start; ' +
      'allowed of kubernetes.io and k8s.io: kubelet.kubernetes.io/..., node.kubernetes.io/..., kubernetes.io/hostname, ' +
      'kubernetes.io/os, kubernetes.io/arch, node.kubernetes.io/instance-type, topology.kubernetes.io/zone, ' +
      'topology.kubernetes.io/region',
    kindTakesIt: true,
  },
  {
    config: labels({ tier: 'a b' }),
    says: 'nodes[0].labels["tier"]: must be up to 63 of letters, digits, "-", "_" and ".", and is "a b"',
    kindTakesIt: true,
  },
  {
    config: labels({ tier: 1 }),
    says: 'nodes[0].labels["tier"]: must be text (in quotes), and is 1',
    kindTakesIt: true,
  },
  {
    config: oneNode({ extraMounts: [{}] }),
    says:
      'nodes[0].extraMounts[0].containerPath: is missing; it is required here\n' +
      'nodes[0].extraMounts[0].hostPath: is missing; it is required here',
    kindTakesIt: true,
  },
  { config: oneNode({ extraMounts: {} }), says: 'nodes[0].extraMounts: must be a list, and is {}' },
  {
    config: mount({ containerPath: 'b' }),
    says: 'nodes[0].extraMounts[0].containerPath: must be absolute, and is "b"',
    kindTakesIt: true,
  },
  {
    config: mount({ hostPath: '/a:b' }),
    says: 'nodes[0].extraMounts[0].hostPath: must have no ":", and is "/a:b"',
    kindTakesIt: true,
  },
  {
    config: mount({ hostPath: '' }),
    says: 'nodes[0].extraMounts[0].hostPath: must not be empty',
    kindTakesIt: true,
  },
  {
    config: mount({ readOnly: 'yes' }),
    says: 'nodes[0].extraMounts[0].readOnly: "yes" is not allowed; allowed: true, false',
    kindTakesIt: true,
  },
  {
    config: mount({ selinuxRelabel: 1 }),
    says: 'nodes[0].extraMounts[0].selinuxRelabel: 1 is not allowed; allowed: true, false',
  },
  {
    config: mount({ propagation: 'rshared' }),
    says: 'nodes[0].extraMounts[0].propagation: "rshared" is not allowed; allowed: None, HostToContainer, Bidirectional',
  },
  {
    config: mount({ readonly: true }),
    says:
      'nodes[0].extraMounts[0].readonly: there is no such field; allowed: containerPath, hostPath, readOnly, ' +
      'selinuxRelabel, propagation',
  },
  {
    config: oneNode({ extraPortMappings: [{ hostPort: 80 }] }),
    says: 'nodes[0].extraPortMappings[0].containerPort: is missing; it is required here',
    kindTakesIt: true,
  },
  {
    config: port({ containerPort: 65536 }),
    says: 'nodes[0].extraPortMappings[0].containerPort: must be a whole number from 1 to 65535, and is 65536',
  },
  {
    config: port({ containerPort: 0 }),
    says: 'nodes[0].extraPortMappings[0].containerPort: must be a whole number from 1 to 65535, and is 0',
    kindTakesIt: true,
  },
  { config: port({ hostPort: -2 }), says: `nodes[0].extraPortMappings[0].hostPort: ${anyPort} -2` },
  {
    config: port({ hostPort: 80.5 }),
    says: `nodes[0].extraPortMappings[0].hostPort: ${anyPort} 80.5`,
    kindTakesIt: true,
  },
  { config: port({ hostPort: 'http' }), says: `nodes[0].extraPortMappings[0].hostPort: ${anyPort} "http"` },
  {
    config: port({ hostPort: 80, listenAddress: 'localhost' }),
    says: 'nodes[0].extraPortMappings[0].listenAddress: must be an IP address, and is "localhost"',
  },
  {
    config: port({ protocol: 'ICMP' }),
    says: 'nodes[0].extraPortMappings[0].protocol: "ICMP" is not allowed; allowed: TCP, UDP, SCTP',
  },
  {
    config: port({ port: 80 }),
    says: 'nodes[0].extraPortMappings[0].port: there is no such field; allowed: containerPort, hostPort, listenAddress, protocol',
  },
  {
    config: ports(
      { hostPort: 80, protocol: 'TCP' },
      { hostPort: 80, protocol: 'TCP', listenAddress: '127.0.0.1' },
    ),
    says: 'nodes[0].extraPortMappings[1]: wants port 80/TCP of this machine, which nodes[0].extraPortMappings[0] has',
  },
  {
    config: ports({ hostPort: 80, protocol: 'TCP', listenAddress: '::' }, { hostPort: 80, protocol: 'TCP' }),
    says: 'nodes[0].extraPortMappings[1]: wants port 80/TCP of this machine, which nodes[0].extraPortMappings[0] has',
  },
  {
    config: ports({ hostPort: 80 }, { hostPort: 80, protocol: 'TCP' }),
    says: 'nodes[0].extraPortMappings[1]: wants port 80/TCP of this machine, which nodes[0].extraPortMappings[0] has',
    kindTakesIt: true,
  },
  {
    config: { nodes: [0, 1].map(() => ({ extraPortMappings: [{ containerPort: 80, hostPort: 80 }] })) },
    says: 'nodes[1].extraPortMappings[0]: wants port 80/TCP of this machine, which nodes[0].extraPortMappings[0] has',
    kindTakesIt: true,
  },
  { config: networking([]), says: 'networking: must be an object, and is []' },
  {
    config: networking({ cni: 'cilium' }),
    says:
      'networking.cni: there is no such field; allowed: ipFamily, apiServerPort, apiServerAddress, podSubnet, serviceSubnet, ' +
      'disableDefaultCNI, kubeProxyMode, dnsSearch',
  },
  {
    config: networking({ ipFamily: 'ip4' }),
    says: 'networking.ipFamily: "ip4" is not allowed; allowed: ipv4, ipv6, dual',
  },
  { config: networking({ apiServerPort: 70000 }), says: `networking.apiServerPort: ${anyPort} 70000` },
  {
    config: networking({ apiServerAddress: 'localhost' }),
    says: 'networking.apiServerAddress: must be an IP address, and is "localhost"',
    kindTakesIt: true,
  },
  {
    config: networking({ podSubnet: '10.244.0.0' }),
    says: 'networking.podSubnet: "10.244.0.0" is not a CIDR such as 10.244.0.0/16',
  },
  {
    config: networking({ podSubnet: '10.244.0.0/33' }),
    says: 'networking.podSubnet: "10.244.0.0/33" is not a CIDR such as 10.244.0.0/16',
  },
  {
    config: networking({ podSubnet: 'fd00::/56' }),
    says: 'networking.podSubnet: must be an IPv4 CIDR where ipFamily is ipv4; it is "fd00::/56"',
  },
  {
    config: networking({ ipFamily: 'ipv6', serviceSubnet: '10.0.0.0/16' }),
    says: 'networking.serviceSubnet: must be an IPv6 CIDR where ipFamily is ipv6; it is "10.0.0.0/16"',
  },
  {
    config: networking({ ipFamily: 'ipv6', podSubnet: 'fd00::/129' }),
    says: 'networking.podSubnet: "fd00::/129" is not a CIDR such as fd00:10:244::/56',
  },
  {
    config: networking({ podSubnet: '10.1.0.0/16,fd00::/56' }),
    says: 'networking.podSubnet: must be one CIDR where ipFamily is ipv4; it is "10.1.0.0/16,fd00::/56"',
  },
  {
    config: networking({ ipFamily: 'dual', serviceSubnet: '10.1.0.0/16,10.2.0.0/16' }),
    says:
      'networking.serviceSubnet: must be one CIDR, or one of IPv4 and one of IPv6, where ipFamily is dual; it is ' +
      '"10.1.0.0/16,10.2.0.0/16"',
  },
  {
    config: networking({ ipFamily: 'dual', podSubnet: '10.1.0.0/16,fd00::/56,fd01::/56' }),
    says:
      'networking.podSubnet: must be one CIDR, or one of IPv4 and one of IPv6, where ipFamily is dual; it is ' +
      '"10.1.0.0/16,fd00::/56,fd01::/56"',
  },
  {
    config: networking({ disableDefaultCNI: 'true' }),
    says: 'networking.disableDefaultCNI: "true" is not allowed; allowed: true, false',
  },
  {
    config: networking({ kubeProxyMode: 'userspace' }),
    says: 'networking.kubeProxyMode: "userspace" is not allowed; allowed: iptables, ipvs, nftables, none',
  },
  {
    config: networking({ dnsSearch: 'example.org' }),
    says: 'networking.dnsSearch: must be a list, and is "example.org"',
  },
  {
    config: networking({ dnsSearch: [''] }),
    says: 'networking.dnsSearch[0]: must not be empty',
    kindTakesIt: true,
  },
  { config: { featureGates: ['A'] }, says: 'featureGates: must be an object, and is ["A"]' },
  {
    config: { featureGates: { A: 'maybe' } },
    says: 'featureGates["A"]: "maybe" is not allowed; allowed: true, false',
  },
  {
    config: { runtimeConfig: 'api/all=true' },
    says: 'runtimeConfig: must be an object, and is "api/all=true"',
  },
  {
    config: { runtimeConfig: { 'api/all': true } },
    says: 'runtimeConfig["api/all"]: must be text (in quotes), and is true',
    kindTakesIt: true,
  },
  { config: { kubeadmConfigPatches: 'x' }, says: 'kubeadmConfigPatches: must be a list, and is "x"' },
  {
    config: { kubeadmConfigPatches: [{ kind: 'ClusterConfiguration' }] },
    says: 'kubeadmConfigPatches[0]: must be text, and is {"kind":"ClusterConfiguration"}',
  },
  {
    config: { kubeadmConfigPatches: ['apiServer: {}'] },
    says: `kubeadmConfigPatches[0]: has no kind, and would be left out; ${kubeadm}`,
    kindTakesIt: true,
  },
  {
    config: { kubeadmConfigPatches: ['kind: Clusterconfiguration'] },
    says: `kubeadmConfigPatches[0]: kind "Clusterconfiguration" is not one that kind writes; ${kubeadm}`,
    kindTakesIt: true,
  },
  {
    config: { kubeadmConfigPatches: ['- a'] },
    says: 'kubeadmConfigPatches[0]: must hold an object in YAML, and holds ["a"]',
    kindTakesIt: true,
  },
  {
    config: { kubeadmConfigPatches: [''] },
    says: 'kubeadmConfigPatches[0]: is empty; a patch is an object with the kind that it is for',
    kindTakesIt: true,
  },
  {
    config: oneNode({ kubeadmConfigPatches: ['kind: {'] }),
    says: 'nodes[0].kubeadmConfigPatches[0]: is not YAML: Flow map in block collection must be sufficiently indented and end with a } at line 1, column 8',
    kindTakesIt: true,
  },
  { config: patch('x'), says: 'kubeadmConfigPatchesJSON6902[0]: must be an object, and is "x"' },
  {
    config: patch({ patch: '[]' }),
    says: 'kubeadmConfigPatchesJSON6902[0].kind: is missing; it is required here',
    kindTakesIt: true,
  },
  {
    config: patch({ kind: 'InitConfiguration' }),
    says: 'kubeadmConfigPatchesJSON6902[0].patch: is missing; it is required here',
    kindTakesIt: true,
  },
  {
    config: patch({ kind: 'Deployment', patch: '[]' }),
    says: `kubeadmConfigPatchesJSON6902[0].kind: kind "Deployment" is not one that kind writes; ${kubeadm}`,
    kindTakesIt: true,
  },
  {
    config: patch({ kind: 'InitConfiguration', patch: '[]', name: 'x' }),
    says: 'kubeadmConfigPatchesJSON6902[0].name: there is no such field; allowed: group, version, kind, patch',
  },
  {
    config: patch({ kind: 'InitConfiguration', patch: '[]', group: ['a'], version: {} }),
    says:
      'kubeadmConfigPatchesJSON6902[0].group: must be text, and is ["a"]\n' +
      'kubeadmConfigPatchesJSON6902[0].version: must be text, and is {}',
  },
  {
    config: patch({ kind: 'InitConfiguration', patch: 'op: add' }),
    says: 'kubeadmConfigPatchesJSON6902[0].patch: must hold a list of operations (RFC 6902), and holds {"op":"add"}',
    kindTakesIt: true,
  },
  {
    config: patch({ kind: 'InitConfiguration', patch: '[{"op": "put", "path": "/a"}]' }),
    says: 'kubeadmConfigPatchesJSON6902[0].patch: operation 0: op: "put" is not allowed; allowed: add, remove, replace, move, copy, test',
    kindTakesIt: true,
  },
  {
    config: oneNode({
      kubeadmConfigPatchesJSON6902: [{ kind: 'InitConfiguration', patch: '[{"op": "add", "path": "a"}]' }],
    }),
    says:
      'nodes[0].kubeadmConfigPatchesJSON6902[0].patch: operation 0: path: must be empty or begin with "/", and is "a"\n' +
      'nodes[0].kubeadmConfigPatchesJSON6902[0].patch: operation 0: value: is missing; add requires it',
    kindTakesIt: true,
  },
  {
    config: { containerdConfigPatches: [1] },
    says: 'containerdConfigPatches[0]: must be text (in quotes), and is 1',
    kindTakesIt: true,
  },
  {
    config: { containerdConfigPatches: [' '] },
    says: 'containerdConfigPatches[0]: must not be empty',
    kindTakesIt: true,
  },
  {
    config: { containerdConfigPatchesJSON6902: ['[{"op": "move", "path": "/a"}]'] },
    says: 'containerdConfigPatchesJSON6902[0]: operation 0: from: must be empty or begin with "/", and is null',
    kindTakesIt: true,
  },
  {
    config: { containerdConfigPatchesJSON6902: ['{'] },
    says: 'containerdConfigPatchesJSON6902[0]: is neither JSON nor YAML: Flow map must end with a } at line 1, column 2',
    kindTakesIt: true,
  },
]
