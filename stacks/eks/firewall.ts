/** What may reach nodes, and the API server from them. */
export interface FirewallRule {
  readonly name: string
  readonly to: 'nodes' | 'control-plane'
  readonly from: 'nodes' | 'control-plane'
  /** As AWS names it: `50` is ESP, `-1` all. */
  readonly protocol: string
  readonly port?: number
  readonly description: string
}

/** ESP, and ESP in UDP, where addresses are translated on the way. */
const encrypted: readonly FirewallRule[] = [
  { name: 'esp', to: 'nodes', from: 'nodes', protocol: '50', description: 'ESP between nodes' },
  {
    name: 'esp-in-udp',
    to: 'nodes',
    from: 'nodes',
    protocol: 'udp',
    port: 4500,
    description: 'ESP in UDP between nodes',
  },
]

const ofKubernetes: readonly FirewallRule[] = [
  {
    name: 'api',
    to: 'control-plane',
    from: 'nodes',
    protocol: 'tcp',
    port: 443,
    description: 'the API server, from nodes and pods',
  },
  {
    name: 'kubelet',
    to: 'nodes',
    from: 'control-plane',
    protocol: 'tcp',
    port: 10_250,
    description: 'kubelets, from the API server',
  },
]

const inClear: FirewallRule = {
  name: 'clear',
  to: 'nodes',
  from: 'nodes',
  protocol: '-1',
  description: 'what agents are told not to encrypt, or not to drop',
}

/** Where agents drop what they cannot encrypt, the cloud does too: between nodes nothing but ESP passes. */
export function firewallRules({
  strict,
  encryptL3,
}: {
  readonly strict: boolean
  readonly encryptL3: boolean
}): readonly FirewallRule[] {
  return [...encrypted, ...ofKubernetes, ...(strict && encryptL3 ? [] : [inClear])]
}
