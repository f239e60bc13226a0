import type { Problem } from '../problem.ts'

/**
 * Where each header of one frame starts: numbers only, so that walking a frame costs one small object. Offsets are in
 * bytes from the start of the data; -1 means absent.
 */
export class Layers {
  /** Offset of the first VLAN tag's control information, and how many tags follow one another. */
  vlan = -1
  vlans = 0
  etherType = -1
  /** The header after the link layer: IP or ARP. */
  network = -1
  /** 4 or 6 when the network header is IP, and whole. */
  version = 0
  ipv4HeaderLength = 0
  /** Where the IP packet ends: before the padding of the link, and never beyond the data. */
  end = 0
  /** The IP packet says that it is longer than what was captured. */
  cut = false
  protocol = -1
  fragmentOffset = 0
  moreFragments = false
  fragmentId = 0
  transport = -1
  /** Start of what the innermost decoded header carries. */
  payload = -1
  esp = -1
  /** Start and link type of a frame carried within this one: VXLAN or IP in IP. */
  inner = -1
  innerLinkType = 0
  problem: Problem | undefined = undefined

  fail(code: Problem['code'], offset: number, message: string): void {
    this.problem ??= { code, offset, message }
  }
}
