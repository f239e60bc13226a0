import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AgentCluster } from './agent-cluster.ts'

/** Where what is sent to an address and port of a service goes. */
export interface Translation {
  readonly address: string
  readonly protocol: 'tcp' | 'udp'
  readonly port: number
  readonly to: string
  readonly toPort: number
  /** Whether who asked asks under the node's address. */
  readonly masquerades?: boolean
}

/**
 * Translates a node's services as kube-proxy does: before routing, what its pods send as well as what it sends itself. A
 * kernel without netfilter's tables does so at the devices, with the same conntrack; then nothing is masqueraded, and
 * nothing that the node sends itself is translated.
 *
 * @param devices that translated packets come in by: the pods', which ask, and others, by which answers come.
 */
export function translate(
  cluster: AgentCluster,
  node: number,
  translations: readonly Translation[],
  devices: { readonly pods: readonly string[]; readonly others: readonly string[] },
): 'tables' | 'devices' {
  if (cluster.run(`n${node}`, ['nft', 'add table ip services; add table ip6 services']).status === 0) {
    const rules = (['ip', 'ip6'] as const).map((family) => tableOf(family, translations)).join('\n')
    assert.equal(cluster.run(`n${node}`, ['nft', rules]).status, 0, rules)
    return 'tables'
  }
  const batch = join(cluster.directory, `n${node}.tc`)
  const filters = [
    ...devices.pods.flatMap((device) =>
      translations
        .filter(({ masquerades }) => !masquerades)
        .map((each, at) => askedFilter(device, 10 + at, each)),
    ),
    ...[...devices.pods, ...devices.others].flatMap((device) =>
      ['ip', 'ipv6'].map(
        (family, at) =>
          `filter add dev ${device} ingress prio ${900 + at} proto ${family} matchall action ct nat pipe`,
      ),
    ),
  ]
  writeFileSync(batch, `${filters.join('\n')}\n`)
  assert.equal(cluster.run(`n${node}`, ['tc', '-batch', batch]).status, 0, filters.join('\n'))
  return 'devices'
}

function tableOf(family: 'ip' | 'ip6', translations: readonly Translation[]): string {
  const rules = translations
    .filter(({ to }) => to.includes(':') === (family === 'ip6'))
    .map(({ address, protocol, port, to, toPort, masquerades }) => {
      const mark = masquerades ? 'meta mark set meta mark or 0x4000 ' : ''
      const target = family === 'ip6' ? `[${to}]:${toPort}` : `${to}:${toPort}`
      return `${family} daddr ${address} ${protocol} dport ${port} ${mark}dnat to ${target}`
    })
  return `
    table ${family} services {
      chain translate {
        ${rules.join('\n        ')}
      }
      chain prerouting { type nat hook prerouting priority -100; jump translate; }
      chain output { type nat hook output priority -100; jump translate; }
      chain postrouting { type nat hook postrouting priority 100; meta mark & 0x4000 == 0x4000 masquerade; }
    }`
}

function askedFilter(device: string, priority: number, { address, protocol, port, to, toPort }: Translation) {
  const family = to.includes(':') ? 'ipv6' : 'ip'
  const match = `ip_proto ${protocol} dst_ip ${address} dst_port ${port}`
  const action = `action ct commit nat dst addr ${to} port ${toPort}`
  return `filter add dev ${device} ingress prio ${priority} proto ${family} flower ${match} ${action}`
}
