import type { Mark } from '@wireproof/netlink'
import {
  askedMarkOf,
  decryptedMarkOf,
  markEncrypt,
  markMask,
  markUnjudged,
  markUnsettled,
  markUnsettledMask,
} from '../kernel/datapath-layout.ts'

/** What the datapath writes on packets that must be encrypted; XFRM matches it. */
export const encryptMark: Mark = { value: markEncrypt, mask: markMask }

/** What the datapath writes on what a pod sends to an address that netfilter may replace by another. */
export const unsettledMark: Mark = { value: markUnsettled, mask: markMask }

/** Both kinds of what is unsettled: whose policy has been asked, and whose has not. */
export const unsettledKinds: Mark = { value: markUnjudged, mask: markUnsettledMask }

/** What XFRM writes on packets that an association of the node has decrypted; the datapath matches it. */
export function decryptedMark(node: number): Mark {
  return { value: decryptedMarkOf(node), mask: markMask }
}

/** What the datapath writes on what asks this node in clear; answers carry it. */
export function askedMark(spi: number): Mark {
  return { value: askedMarkOf(spi), mask: markMask }
}
