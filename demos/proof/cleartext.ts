import { decodeIp, type Frame, formatIpv6 } from 'tcpdump-parse'
import type { AddressBook } from './address-book.ts'

/**
 * Says what a frame shows of pods outside encryption: a pod address in an IP header at any depth, in ARP or neighbour
 * discovery, in the packet an ICMP error quotes, or anywhere else in a frame that is not ESP; and where nodes are in scope,
 * what one sends another itself. Undefined when it shows nothing.
 */
export function exposure(frame: Frame, book: AddressBook): string | undefined {
  return inHeaders(frame, book, '', 0) ?? (isSealed(frame) ? undefined : inBytes(frame, book))
}

/** Whether a packet that is not encrypted is one of those that could be: of pods, or of nodes in scope themselves. */
export function isOpenTraffic(frame: Frame, book: AddressBook): boolean {
  const { source, destination } = frame
  if (source === undefined || destination === undefined || !book.isOfCluster(source, destination))
    return false
  return isOfPods(frame, book) || !(isSealed(frame) || isNeighbourDiscovery(frame))
}

function isOfPods({ source, destination }: Frame, book: AddressBook): boolean {
  return [source, destination].some((end) => end !== undefined && book.isOfPods(end))
}

/** What a tunnel carries is looked at this many tunnels deep; more is refused as unreadable by the byte search. */
const deepest = 4

function inHeaders(frame: Frame, book: AddressBook, where: string, depth: number): string | undefined {
  const { arp, source, destination } = frame
  if (arp) {
    const address = [arp.senderAddress, arp.targetAddress].find((each) => book.isOfPods(each))
    if (address) return `ARP for pod address ${address}${where}`
  }
  if (isOpenTraffic(frame, book) && book.isCovered(source!, destination!))
    return `${conversation(frame)} in clear${where}`
  const sought = soughtNeighbours(frame).find((each) => book.isOfPods(each))
  if (sought) return `neighbour discovery for pod address ${sought}${where}`
  if (frame.esp || depth === deepest) return undefined
  const { inner } = frame
  if (inner) {
    return inHeaders(inner, book, ` inside ${tunnelOf(frame)} from ${source} to ${destination}`, depth + 1)
  }
  const quoted = quotedPacket(frame)
  return quoted && inHeaders(quoted, book, ` quoted in an ICMP error from ${source}`, depth + 1)
}

const [neighbourSolicitation, neighbourAdvertisement, redirect] = [135, 136, 137]
const routerSolicitation = 133

/** What must be there before anything can be encrypted (RFC 4861), as ARP must for IPv4. */
export function isNeighbourDiscovery({ icmp }: Frame): boolean {
  return icmp?.version === 6 && icmp.type >= routerSolicitation && icmp.type <= redirect
}

/** Whom ICMPv6 asks for, answers for or leads to (RFC 4861 sections 4.3 to 4.5): what ARP does for IPv4. */
function soughtNeighbours({ icmp, payload }: Frame): string[] {
  if (icmp?.version !== 6) return []
  const addresses = { [neighbourSolicitation]: 1, [neighbourAdvertisement]: 1, [redirect]: 2 }[icmp.type] ?? 0
  return payload.length < addresses * 16
    ? []
    : Array.from({ length: addresses }, (_, index) => formatIpv6(payload, index * 16))
}

function tunnelOf({ overlay }: Frame): string {
  return overlay ? { vxlan: 'VXLAN', geneve: 'Geneve' }[overlay.kind] : 'IP-in-IP'
}

/** Such as `TCP 10.0.1.10:40000 → 10.0.2.10:8080`. */
export function conversation(frame: Frame): string {
  const { source, destination, tcp, udp, icmp, esp } = frame
  const ports = tcp ?? udp
  if (ports) {
    const protocol = tcp ? 'TCP' : 'UDP'
    return `${protocol} ${source}:${ports.sourcePort} → ${destination}:${ports.destinationPort}`
  }
  if (esp) return `ESP ${source} → ${destination}`
  if (icmp) return `ICMP type ${icmp.type} ${source} → ${destination}`
  const number = frame.ipv4?.protocol ?? frame.ipv6?.protocol
  if (number === undefined) return 'a frame without an IP header'
  return `IP protocol ${number}${frame.fragment ? ' (fragment)' : ''} ${source} → ${destination}`
}

/** ICMP errors carry the start of the packet they are about (RFC 792, RFC 4443 section 2.4). */
function quotedPacket(frame: Frame): Frame | undefined {
  const { icmp } = frame
  if (!icmp) return undefined
  const isError = icmp.version === 4 ? [3, 4, 5, 11, 12].includes(icmp.type) : icmp.type < 128
  return isError && frame.payload.length > 0 ? decodeIp(frame.payload) : undefined
}

function isSealed(frame: Frame): boolean {
  return frame.esp !== undefined || frame.ipv4?.protocol === 50 || frame.ipv6?.protocol === 50
}

const ethernetHeaderBytes = 14

/** The last resort for what has no known form: the bytes of a pod's address, anywhere after the Ethernet header. */
function inBytes(frame: Frame, book: AddressBook): string | undefined {
  const found = book.podAddressBytes.find(({ bytes }) => frame.data.indexOf(bytes, ethernetHeaderBytes) >= 0)
  return found && `the bytes of pod address ${found.address} in ${conversation(frame)}`
}
