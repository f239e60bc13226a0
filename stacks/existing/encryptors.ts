import { type ClusterFacts, daemonSetOf } from './facts.ts'

/** What encrypts packets in the cluster already, and where that is said; undefined where nothing is known to. */
export function encryptionIn(facts: ClusterFacts): string | undefined {
  return encryptors.map((each) => each(facts)).find((each) => each !== undefined)
}

type Encryptor = (facts: ClusterFacts) => string | undefined

const encryptors: readonly Encryptor[] = [
  ({ settings }) => {
    const config = settings['kube-system/cilium-config'] ?? {}
    if (config['enable-ipsec'] === 'true') return 'Cilium encrypts with IPsec (ConfigMap cilium-config)'
    if (config['enable-wireguard'] === 'true')
      return 'Cilium encrypts with WireGuard (ConfigMap cilium-config)'
    return undefined
  },
  ({ felixEncrypts }) =>
    felixEncrypts ? 'Calico encrypts with WireGuard (FelixConfiguration default)' : undefined,
  ({ settings }) => {
    const backend = /"Type"\s*:\s*"(ipsec|wireguard)"/i.exec(
      flannelSettings(settings)?.['net-conf.json'] ?? '',
    )
    return backend ? `Flannel encrypts with ${backend[1]} (ConfigMap kube-flannel-cfg)` : undefined
  },
  ({ settings }) => {
    const mode = /^\s*trafficEncryptionMode:\s*"?(ipsec|wireguard)/im.exec(
      settings['kube-system/antrea-config']?.['antrea-agent.conf'] ?? '',
    )
    return mode ? `Antrea encrypts with ${mode[1]} (ConfigMap antrea-config)` : undefined
  },
  (facts) => {
    const weave = daemonSetOf(facts, /weave-kube/)
    return weave?.variables.some((each) => each.startsWith('WEAVE_PASSWORD='))
      ? `Weave Net encrypts (DaemonSet ${weave.name})`
      : undefined
  },
  (facts) => {
    const daemon = daemonSetOf(
      facts,
      /strongswan|libreswan|openswan|ovn-ipsec|submariner-gateway|\/kilo([:@]|$)/,
    )
    return daemon && `DaemonSet ${daemon.name} sets up IPsec or WireGuard on nodes`
  },
]

function flannelSettings(settings: ClusterFacts['settings']) {
  return settings['kube-flannel/kube-flannel-cfg'] ?? settings['kube-system/kube-flannel-cfg']
}
