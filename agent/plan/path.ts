import type { XfrmPolicy } from '@wireproof/netlink'
import type { ClusterNode } from '../cluster/state.ts'
import { decryptedMark } from './marks.ts'

/** This node and another one. */
export interface Ends {
  readonly self: ClusterNode
  readonly node: ClusterNode
  /** Of the other. */
  readonly number: number
  readonly reqid: number
  /** Of the association that what is sent has to use; none fits where it is undefined. */
  readonly outboundSpi: number | undefined
}

export const policyPriority = 1000

export const everyAddress = { 4: '0.0.0.0/0', 6: '::/0' } as const

/** Lets in what an association of the peer has decrypted. */
export function inboundPolicies(ends: Ends, source: string, destination: string): XfrmPolicy[] {
  const { self, node, number, reqid } = ends
  const policy = {
    source,
    destination,
    mark: decryptedMark(number),
    priority: policyPriority,
    // Without an SPI any association of the peer serves: old and new keys overlap while they change.
    template: { source: node.underlay, destination: self.underlay, reqid, mode: 'tunnel' },
  } as const
  return [
    { direction: 'in', ...policy },
    { direction: 'fwd', ...policy },
  ]
}

export function outboundTemplate({ self, node, reqid, outboundSpi }: Ends) {
  return {
    source: self.underlay,
    destination: node.underlay,
    reqid,
    mode: 'tunnel',
    ...(outboundSpi === undefined ? {} : { spi: outboundSpi }),
  } as const
}
