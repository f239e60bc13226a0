import { readAttributes, readString } from './reader.ts'

const NLM_F_CAPPED = 0x100
const NLM_F_ACK_TLVS = 0x200
const NLMSGERR_ATTR_MSG = 1
const HEADER_LENGTH = 16

/** What NLMSG_ERROR or NLMSG_DONE says: 0 for success, and the kernel's explanation where it gave one. */
export interface Acknowledgement {
  readonly errno: number
  readonly extended: string | undefined
}

/** Reads the payload of NLMSG_ERROR: struct nlmsgerr, then, flagged, attributes (include/uapi/linux/netlink.h). */
export function readError(payload: Buffer, flags: number): Acknowledgement {
  const requestLength = flags & NLM_F_CAPPED ? HEADER_LENGTH : payload.readUInt32LE(4)
  return read(payload, flags, 4 + ((requestLength + 3) & ~3))
}

/** Reads the payload of NLMSG_DONE, which carries the error of a dump that failed on its way. */
export function readDone(payload: Buffer, flags: number): Acknowledgement {
  return payload.length < 4 ? { errno: 0, extended: undefined } : read(payload, flags, 4)
}

function read(payload: Buffer, flags: number, attributesAt: number): Acknowledgement {
  const errno = Math.abs(payload.readInt32LE(0))
  if (!(flags & NLM_F_ACK_TLVS) || attributesAt > payload.length) return { errno, extended: undefined }
  const text = readAttributes(payload.subarray(attributesAt)).get(NLMSGERR_ATTR_MSG)
  return { errno, extended: text && readString(text) }
}
