import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { inNetworkNamespace } from '@wireproof/ffi'
import type { XfrmStateOptions } from '@wireproof/netlink'
import { AgentCluster } from '../../test/agent-cluster.ts'

/** Two nodes with a pod each, in one of the ways their traffic can cross the wire. */
export interface Arm {
  readonly cluster: AgentCluster
  /** What of the wire's traffic is ESP: all or none. */
  readonly encrypted: boolean
  readonly hasAgents: boolean
}

const nodes = [1, 2] as const
const podCidr = (id: number) => `10.0.${id}.0/24`
/** Nodes know each other's hardware address, so that no ARP comes between the frames that are counted. */
const nodeMac = (id: number) => `02:00:00:00:01:0${id}`

/** Through our agents, as they come. */
export async function ourAgents(): Promise<Arm> {
  const cluster = twoNodes('ours')
  for (const id of nodes) await cluster.startAgent(id)
  for (const id of nodes) await cluster.addPod(id)
  await cluster.settled(...nodes)
  return { cluster, encrypted: true, hasAgents: true }
}

/** What somebody would set up with `ip xfrm` who needs no more than ESP between two prefixes: no BPF, no marks. */
export function bareEsp(): Arm {
  const arm = { ...noEncryption('bare'), encrypted: true }
  const [there, back] = [0x1001, 0x1002].map((spi) => ({ spi, key: randomBytes(20) }))
  for (const id of nodes) {
    const peer = 3 - id
    const association = (from: number, to: number): XfrmStateOptions => ({
      source: arm.cluster.underlay(from),
      destination: arm.cluster.underlay(to),
      spi: (from === 1 ? there! : back!).spi,
      reqid: 1,
      mode: 'tunnel',
      aead: { name: 'rfc4106(gcm(aes))', key: (from === 1 ? there! : back!).key, icvBits: 128 },
      // As our agents have it: the window is no part of what is compared.
      replayWindow: to === id ? 1024 : 0,
    })
    const policy = (direction: 'in' | 'out' | 'fwd', from: number, to: number) =>
      ({
        direction,
        source: podCidr(from),
        destination: podCidr(to),
        priority: 1000,
        template: {
          source: arm.cluster.underlay(from),
          destination: arm.cluster.underlay(to),
          reqid: 1,
          mode: 'tunnel',
        },
      }) as const
    arm.cluster.xfrm(id, (xfrm) => {
      xfrm.addStates([association(peer, id), association(id, peer)])
      xfrm.addPolicies([policy('in', peer, id), policy('fwd', peer, id), policy('out', id, peer)])
    })
  }
  return arm
}

export function noEncryption(name = 'clear'): Arm {
  const cluster = twoNodes(name)
  for (const id of nodes) {
    const peer = 3 - id
    cluster.plugPod(id)
    cluster.route(id, (route) => {
      route.setLink(`p${id}`, { up: true })
      route.addRoute({ destination: `${cluster.podAddress(id)}/32`, device: `p${id}`, scope: 'link' })
      // The same that our agents leave for ESP.
      const mtu = route.link('eth0').mtu - 64
      route.addRoute({ destination: podCidr(peer), via: cluster.underlay(peer), device: 'eth0', mtu })
    })
  }
  return { cluster, encrypted: false, hasAgents: false }
}

function twoNodes(name: string): AgentCluster {
  const cluster = new AgentCluster(`bench-${name}`)
  for (const id of nodes) cluster.addNode(id)
  for (const id of nodes)
    cluster.route(id, (route) => {
      route.setLink('eth0', { mac: nodeMac(id) })
      route.addNeighbour({ address: cluster.underlay(3 - id), mac: nodeMac(3 - id), device: 'eth0' })
    })
  return cluster
}

/** Frames that the nodes have put on the wire, and packets that their outbound associations have encrypted. */
export interface OnTheWire {
  readonly frames: number
  readonly encrypted: number
}

export function onTheWire({ cluster }: Arm): OnTheWire {
  const devices = inNetworkNamespace(cluster.path('wire'), () =>
    readFileSync('/proc/thread-self/net/dev', 'latin1'),
  )
  let [frames, encrypted] = [0, 0]
  for (const id of nodes) {
    frames += Number(new RegExp(`^ *n${id}: *\\d+ +(\\d+)`, 'm').exec(devices)![1])
    for (const state of cluster.xfrm(id, (xfrm) => xfrm.states()))
      if (state.source === cluster.underlay(id)) encrypted += state.lifetime.packets
  }
  return { frames, encrypted }
}
