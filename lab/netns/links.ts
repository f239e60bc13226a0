import { spawnSync } from 'node:child_process'
import { inNetworkNamespace } from '@wireproof/ffi'
import { createNamespace, openRoute, type Route, setOffloads, setSysctl } from '@wireproof/netlink'
import type { LabNode, LabPod } from '../lab.ts'
import { honestFrames } from '../namespaces/honest-frames.ts'
import { Problem } from '../problem.ts'
import type { IpFamily, Routing, WireSpec } from '../topology.ts'
import {
  bridge,
  familyOf,
  mac,
  namespacePath,
  nodeNamespace,
  overheadOf,
  podAlias,
  podDevice,
  podGateways,
  podNamespace,
  podPort,
  stranger,
  strangerMac,
  strangerNamespace,
  strangersDevice,
  strangersPort,
  underlayPrefixLengths,
  wireDevice,
  wireNamespace,
  wirePort,
} from './layout.ts'

const defaultMtu = 1500

/** Nobody else has it: to ask first would only take a second. */
const unique = { noDuplicateDetection: true }

/** Runs `action` with a routing socket of the namespace. */
export function withRoute<Result>(namespace: string, action: (route: Route) => Result): Result {
  return inNetworkNamespace(namespacePath(namespace), () => {
    using route = openRoute()
    return action(route)
  })
}

/** The wire: a bridge in a namespace of its own, without an address, which no agent can reach. */
export function makeWire(lab: string): void {
  createNamespace(wireNamespace(lab))
  withRoute(wireNamespace(lab), (route) => {
    setSysctl('net/ipv6/conf/default/disable_ipv6', '1')
    setSysctl('net/ipv6/conf/all/disable_ipv6', '1')
    route.addBridge({ name: bridge, multicastSnooping: false })
    route.setLink(bridge, { up: true })
  })
}

/** A node: a namespace with one interface on the wire and forwarding on. */
export function makeNode(lab: string, node: LabNode, families: readonly IpFamily[], wire: WireSpec): void {
  const namespace = nodeNamespace(lab, node.name)
  const port = wirePort(node.name)
  const mtu = wire.mtu ?? defaultMtu
  makeNamespace(namespace, families)
  withRoute(wireNamespace(lab), (route) => {
    const peer = {
      name: wireDevice,
      mac: mac('node', node.underlay),
      mtu,
      namespace: namespacePath(namespace),
    }
    route.addVeth({ name: port, mtu, peer })
    setOffloads(port, honestFrames)
    route.setLink(port, { master: bridge, up: true })
    impair(port, wire)
  })
  withRoute(namespace, (route) => {
    setSysctl('net/ipv4/ip_forward', '1')
    if (families.includes('ipv6')) setSysctl('net/ipv6/conf/all/forwarding', '1')
    setSysctl('net/ipv4/conf/all/rp_filter', '0')
    setSysctl('net/ipv4/conf/default/rp_filter', '0')
    // Redirects would quote a pod's packet in clear on the wire.
    setSysctl('net/ipv4/conf/all/send_redirects', '0')
    setSysctl('net/ipv4/conf/default/send_redirects', '0')
    setOffloads(wireDevice, honestFrames)
    route.setLink('lo', { up: true })
    route.addAddress(wireDevice, `${node.underlay}/${underlayPrefixLengths[familyOf(node.underlay)]}`, unique)
    route.setLink(wireDevice, { up: true })
  })
}

/** A pod behind a veth pair whose host side stays down until {@link openPod}: nothing flows before the agent guards it. */
export function makePod(lab: string, pod: LabPod, wire: WireSpec, routing: Routing): void {
  const namespace = podNamespace(lab, pod.name)
  const mtu = (wire.mtu ?? defaultMtu) - overheadOf(routing)
  const [address] = pod.addresses as [string]
  const gatewayMac = mac('gateway', address)
  const podMac = mac('pod', address)
  makeNamespace(namespace, pod.addresses.map(familyOf))
  withRoute(nodeNamespace(lab, pod.node), (route) => {
    const name = podPort(pod.name)
    const peer = { name: podDevice, mac: podMac, mtu, namespace: namespacePath(namespace) }
    route.addVeth({ name, mac: gatewayMac, mtu, peer })
    route.setLink(name, { alias: podAlias(pod.name) })
    setOffloads(name, honestFrames)
  })
  withRoute(namespace, (route) => {
    setOffloads(podDevice, honestFrames)
    route.setLink('lo', { up: true })
    for (const each of pod.addresses) route.addAddress(podDevice, each, unique)
    route.setLink(podDevice, { up: true })
    for (const via of pod.addresses.map((each) => podGateways[familyOf(each)])) {
      route.addNeighbour({ address: via, mac: gatewayMac, device: podDevice })
      route.addRoute({ destination: 'default', via, device: podDevice, onlink: true })
    }
  })
}

/** Lets a guarded pod's traffic flow. */
export function openPod(lab: string, pod: LabPod): void {
  withRoute(nodeNamespace(lab, pod.node), (route) => {
    const name = podPort(pod.name)
    route.setLink(name, { up: true })
    const podMac = mac('pod', pod.addresses[0]!)
    for (const address of pod.addresses) route.addNeighbour({ address, mac: podMac, device: name })
  })
}

/** Nothing flows to a pod nor from it any more. */
export function closePod(lab: string, pod: LabPod): void {
  withRoute(nodeNamespace(lab, pod.node), (route) => route.setLink(podPort(pod.name), { up: false }))
}

/** Whether a pod got as far as {@link openPod}. */
export function isPodOpen(lab: string, pod: LabPod): boolean {
  return withRoute(nodeNamespace(lab, pod.node), (route) =>
    route.links().some((link) => link.name === podPort(pod.name) && link.up),
  )
}

/** The ports of the wire, those that nobody should have plugged in included. */
export function wirePorts(lab: string): string[] {
  return withRoute(wireNamespace(lab), (route) => {
    const { index } = route.link(bridge)
    return route.links().flatMap(({ master, name }) => (master === index ? [name] : []))
  })
}

/**
 * A second interface for a pod, on the wire itself, with routes to the pods of other nodes. It asks nobody for anything:
 * where the nodes are it knows.
 */
export function plugIntoWire(lab: string, pod: string, others: readonly LabNode[], wire: WireSpec): void {
  const port = strangersPort(pod)
  const mtu = wire.mtu ?? defaultMtu
  const namespace = podNamespace(lab, pod)
  withRoute(wireNamespace(lab), (route) => {
    route.addVeth({
      name: port,
      mtu,
      peer: { name: strangersDevice, mtu, namespace: namespacePath(namespace) },
    })
    setOffloads(port, honestFrames)
    route.setLink(port, { master: bridge, up: true })
  })
  withRoute(namespace, (route) => {
    // Answers come back by the pod's own interface.
    setSysctl('net/ipv4/conf/all/rp_filter', '0')
    setSysctl('net/ipv4/conf/default/rp_filter', '0')
    setOffloads(strangersDevice, honestFrames)
    route.setLink(strangersDevice, { up: true })
    for (const { podCidrs, underlay } of others) {
      route.addNeighbour({ address: underlay, mac: mac('node', underlay), device: strangersDevice })
      for (const destination of podCidrs)
        route.addRoute({ destination, via: underlay, device: strangersDevice, onlink: true })
    }
  })
}

/** Somebody on the wire who is no node, in a namespace of its own and without an address. */
export function plugStranger(lab: string, wire: WireSpec): void {
  const namespace = strangerNamespace(lab)
  const mtu = wire.mtu ?? defaultMtu
  const peer = { name: strangersDevice, mac: strangerMac, mtu, namespace: namespacePath(namespace) }
  makeNamespace(namespace, [])
  withRoute(wireNamespace(lab), (route) => {
    route.addVeth({ name: strangersPort(stranger), mtu, peer })
    setOffloads(strangersPort(stranger), honestFrames)
    route.setLink(strangersPort(stranger), { master: bridge, up: true })
  })
  withRoute(namespace, (route) => {
    setOffloads(strangersDevice, honestFrames)
    route.setLink(strangersDevice, { up: true })
  })
}

export function unplugFromWire(lab: string, pod: string): void {
  withRoute(wireNamespace(lab), (route) => {
    const port = strangersPort(pod)
    if (route.links().some(({ name }) => name === port)) route.deleteLink(port)
  })
}

/** Has a node's port of the bridge carry nothing, or everything again. A frame that comes in there is still seen there. */
export function carryNothing(lab: string, node: string, nothing: boolean): void {
  const state = nothing ? 'disabled' : 'forwarding'
  const { status, stderr } = inNetworkNamespace(namespacePath(wireNamespace(lab)), () =>
    spawnSync('bridge', ['link', 'set', 'dev', wirePort(node), 'state', state]),
  )
  if (status !== 0)
    throw new Problem(
      'EWIRE',
      4,
      `the wire of ${node} cannot be ${state}: ${`${stderr}`.trim().split('\n')[0]}`,
    )
}

/** What its links will find when they are made. */
function makeNamespace(namespace: string, families: readonly IpFamily[]): void {
  createNamespace(namespace)
  inNetworkNamespace(namespacePath(namespace), () => {
    for (const device of ['all', 'default']) {
      const conf = `net/ipv6/conf/${device}`
      if (!families.includes('ipv6')) setSysctl(`${conf}/disable_ipv6`, '1')
      else {
        // There is no router to ask, and nobody who could have the same link-local address.
        setSysctl(`${conf}/accept_ra`, '0')
        setSysctl(`${conf}/accept_dad`, '0')
      }
    }
  })
}

/** Gives a running node's link the wire's delay, loss and rate, in place of what it had. */
export function changeWire(lab: string, node: string, wire: Impairment): void {
  inNetworkNamespace(namespacePath(wireNamespace(lab)), () => {
    // Nothing to delete is no failure.
    spawnSync('tc', ['qdisc', 'delete', 'dev', wirePort(node), 'root'])
    impair(wirePort(node), wire)
  })
}

/** What a topology can ask for, and what only an attacker does. */
type Impairment = WireSpec & { readonly duplicatePercent?: number }

function impair(port: string, wire: Impairment): void {
  const netem: string[] = []
  if (wire.delayMs) netem.push('delay', `${wire.delayMs}ms`)
  if (wire.lossPercent) netem.push('loss', `${wire.lossPercent}%`)
  if (wire.rateMbit) netem.push('rate', `${wire.rateMbit}mbit`)
  if (wire.duplicatePercent) netem.push('duplicate', `${wire.duplicatePercent}%`)
  if (netem.length === 0) return
  const { status, stderr } = spawnSync('tc', ['qdisc', 'add', 'dev', port, 'root', 'netem', ...netem])
  if (status !== 0) {
    const why = `${stderr}`.trim().split('\n')[0]
    throw new Problem(
      'EIMPAIR',
      3,
      `this kernel cannot impair the wire (${why})`,
      'Leave out wire.delayMs, lossPercent and rateMbit, or choose another --kernel.',
    )
  }
}
