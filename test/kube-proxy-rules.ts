import assert from 'node:assert/strict'
import type { AgentCluster } from './agent-cluster.ts'

/** Where what is sent to an address and port of a service goes. */
export interface Translation {
  readonly address: string
  readonly protocol: 'tcp' | 'udp'
  readonly port: number
  readonly to: string
  readonly toPort: number
  /** Whether who asked is asked for under the node's address. */
  readonly masquerades?: boolean
}

/** Translates a node's services as kube-proxy does: before routing, what its pods send as well as what it sends itself. */
export function translate(cluster: AgentCluster, node: number, translations: readonly Translation[]): void {
  const families = ['ip', 'ip6'] as const
  const tables = families.map((family) => {
    const rules = translations
      .filter(({ to }) => to.includes(':') === (family === 'ip6'))
      .map(({ address, protocol, port, to, toPort, masquerades }) => {
        const mark = masquerades ? 'meta mark set meta mark or 0x4000 ' : ''
        const target = family === 'ip6' ? `[${to}]:${toPort}` : `${to}:${toPort}`
        return `${family} daddr ${address} ${protocol} dport ${port} ${mark}dnat to ${target}`
      })
    return `
      table ${family} services
      delete table ${family} services
      table ${family} services {
        chain translate {
          ${rules.join('\n          ')}
        }
        chain prerouting { type nat hook prerouting priority -100; jump translate; }
        chain output { type nat hook output priority -100; jump translate; }
        chain postrouting { type nat hook postrouting priority 100; meta mark & 0x4000 == 0x4000 masquerade; }
      }`
  })
  const { status } = cluster.run(`n${node}`, ['nft', tables.join('\n')])
  assert.equal(status, 0, 'nft')
}
