import type { Problem } from '../problem.ts'

/**
 * Where each header of one frame starts: numbers only, so that walking a frame costs nothing else. Offsets are in bytes
 * from the start of the data that is walked, of which the frame is the part from `start` to `limit`; -1 means absent.
 */
export class Layers {
  start = 0
  limit = 0
  /** Offset of the first VLAN tag's control information, and how many tags follow one another. */
  vlan = -1
  vlans = 0
  etherType = -1
  /** The header after the link layer: IP or ARP. */
  network = -1
  /** 4 or 6 when the network header is IP, and whole. */
  version = 0
  /** Of IPv4: its header with options. Of IPv6: its header with all extension headers. */
  networkHeaderLength = 0
  /** Where the IP packet ends: before the padding of the link, and never beyond the data. */
  end = 0
  /** The IP packet says that it is longer than what was captured. */
  cut = false
  protocol = -1
  /** IPv6's fragment header, and the byte that names it as the next one. */
  fragmentHeader = -1
  fragmentLink = -1
  fragmentOffset = 0
  moreFragments = false
  fragmentId = 0
  /** An authentication header (RFC 4302), of either version. */
  ah = -1
  transport = -1
  /** Start of what the innermost decoded header carries. */
  payload = -1
  esp = -1
  /** Start and link type of a frame carried within this one, and by what; see {@link Carrier}. */
  inner = -1
  innerLinkType = 0
  carrier = 0
  problem: Problem | undefined = undefined

  /** Forgets the frame before, to walk the one from `start` to `limit`. */
  reset(start: number, limit: number): void {
    this.start = start
    this.limit = limit
    this.vlan = -1
    this.vlans = 0
    this.etherType = -1
    this.network = -1
    this.version = 0
    this.networkHeaderLength = 0
    this.end = limit
    this.cut = false
    this.protocol = -1
    this.fragmentHeader = -1
    this.fragmentLink = -1
    this.fragmentOffset = 0
    this.moreFragments = false
    this.fragmentId = 0
    this.ah = -1
    this.transport = -1
    this.payload = -1
    this.esp = -1
    this.inner = -1
    this.innerLinkType = 0
    this.carrier = 0
    this.problem = undefined
  }

  /** Notes the first thing that is wrong, by its offset from the start of the frame. */
  fail(code: Problem['code'], offset: number, message: string): void {
    this.problem ??= { code, offset: offset - this.start, message }
  }
}

/** What carries a frame within a frame. */
export const Carrier = { none: 0, ipip: 1, vxlan: 2, geneve: 3 } as const
