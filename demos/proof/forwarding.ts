import { hash } from 'node:crypto'
import { type Frame, internetChecksum } from 'tcpdump-parse'

/**
 * Equal for two sightings of the same packet before and after routers, which change no more than the time to live, in
 * IPv4 with the header's checksum (RFC 1812 section 5.3.1, RFC 8200 section 3).
 */
export function fingerprint({ ip, layers }: Frame): string {
  const copy = Buffer.from(ip!)
  if (layers.version === 4) {
    copy[8] = 0
    copy.writeUInt16BE(0, 10)
  } else copy[7] = 0
  return hash('sha256', copy, 'base64')
}

/** What is left of the hops that a packet may make. */
export function timeToLive({ ip, layers }: Frame): number {
  return ip![layers.version === 4 ? 8 : 7]!
}

/** Whether the checksum of an IPv4 header is the one that belongs to it; IPv6 has none. */
export function hasRightChecksum({ ip, layers }: Frame): boolean {
  return layers.version !== 4 || internetChecksum(ip!.subarray(0, layers.networkHeaderLength)) === 0
}
