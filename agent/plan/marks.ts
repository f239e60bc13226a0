import type { Mark } from '@wireproof/netlink'
import { markDecrypted, markEncrypt, markMask, markNodeShift } from '../kernel/datapath-layout.ts'

/** What the datapath writes on packets that must be encrypted for the node; XFRM matches it. */
export function encryptMark(nodeId: number): Mark {
  return nodeMark(markEncrypt, nodeId)
}

/** What XFRM writes on packets that an association of the node has decrypted; the datapath matches it. */
export function decryptedMark(nodeId: number): Mark {
  return nodeMark(markDecrypted, nodeId)
}

function nodeMark(kind: number, nodeId: number): Mark {
  return { value: ((nodeId << markNodeShift) | kind) >>> 0, mask: markMask }
}
