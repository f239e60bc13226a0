import type { XfrmState } from '@wireproof/netlink'
import type { AgentStatus, Direction, PeerStatus } from '../api.ts'
import { epochOfSpi } from '../keys/epoch.ts'
import { type Suite, suiteOf } from '../keys/suite.ts'
import type { PeerPlan } from '../plan/peer.ts'
import type { Epochs } from './flow.ts'

/**
 * Which keys the peer's traffic is under. While an earlier inbound association is kept for packets that may still come on
 * it, nobody can say which of the two opened one.
 */
export function epochsOf({ node, outboundSpi, inboundSpi, retained }: PeerPlan): Epochs {
  const isCertain = retained.every((state) => state.destination === node.underlay)
  return {
    out: outboundSpi === undefined ? undefined : epochOfSpi(outboundSpi),
    in: inboundSpi === undefined || !isCertain ? undefined : epochOfSpi(inboundSpi),
  }
}

/** @param states ours, as the kernel holds them. Nothing of a key is in the result. */
export function peerStatuses(peers: readonly PeerPlan[], states: readonly XfrmState[]): PeerStatus[] {
  const to = new Set(states.map(({ destination, spi }) => nameOf(destination, spi)))
  const from = new Set(states.map(({ source, spi }) => nameOf(source, spi)))
  const lastFrom = new Map<string, number>()
  for (const { source, lastUsed } of states)
    lastFrom.set(source, Math.max(lastFrom.get(source) ?? 0, lastUsed))
  return peers.map((peer) => {
    const { node, outboundSpi, inboundSpi, waiting } = peer
    const { out: outboundEpoch, in: inboundEpoch } = epochsOf(peer)
    const lastDecrypted = lastFrom.get(node.underlay)
    return {
      node: node.name,
      ...(outboundSpi === undefined ? {} : { outboundSpi }),
      ...(inboundSpi === undefined ? {} : { inboundSpi }),
      ...(outboundEpoch === undefined ? {} : { outboundEpoch }),
      ...(inboundEpoch === undefined ? {} : { inboundEpoch }),
      sends: outboundSpi !== undefined && to.has(nameOf(node.underlay, outboundSpi)),
      receives: inboundSpi !== undefined && from.has(nameOf(node.underlay, inboundSpi)),
      ...(waiting === undefined ? {} : { waiting }),
      ...(lastDecrypted ? { lastDecrypted: iso(lastDecrypted) } : {}),
    }
  })
}

/** An association without its key. */
export interface Association {
  readonly peer: string
  readonly direction: Direction
  readonly spi: number
  /** Whether it is the one in use, or one of earlier keys that is still there. */
  readonly state: 'current' | 'earlier'
  readonly packets: number
  readonly bytes: number
}

export function associationsOf(peers: readonly PeerPlan[], states: readonly XfrmState[]): Association[] {
  const byUnderlay = new Map(peers.map((peer) => [peer.node.underlay, peer]))
  return states.flatMap(({ source, destination, spi, lifetime: { packets, bytes } }) => {
    const to = byUnderlay.get(destination)
    const peer = to ?? byUnderlay.get(source)
    if (!peer) return []
    const isCurrent = spi === (to ? peer.outboundSpi : peer.inboundSpi)
    return {
      peer: peer.node.name,
      direction: to ? 'out' : 'in',
      spi,
      state: isCurrent ? 'current' : 'earlier',
      packets,
      bytes,
    }
  })
}

/** What the associations encrypt with; more than one while they change. */
export function suitesOf(states: readonly XfrmState[]): string | undefined {
  const names = new Set(states.map((state) => suiteOf(state)?.name ?? 'unknown'))
  return names.size === 0 ? undefined : [...names].sort().join(', ')
}

/** Since when the oldest association under this key is there: the kernel remembers it over a restart of the agent. */
export function keyStatus(id: number, states: readonly XfrmState[]): AgentStatus['key'] {
  const since = states
    .filter((state) => epochOfSpi(state.spi) === id)
    .reduce((oldest, { added }) => Math.min(oldest, added), Number.POSITIVE_INFINITY)
  return Number.isFinite(since) ? { id, since: iso(since) } : { id }
}

/** The limit is the suite's: long before the sequence numbers end, new keys take over. */
export function sequenceStatus(suite: Suite, states: readonly XfrmState[]): AgentStatus['sequence'] {
  const highest = states.reduce((most, { replay }) => Math.max(most, Number(replay.sent)), 0)
  return { highest, limit: suite.limit.packets }
}

function nameOf(address: string, spi: number): string {
  return `${address} ${spi}`
}

function iso(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}
