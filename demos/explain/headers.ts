import type { EspSa, Frame, Opened } from 'tcpdump-parse'
import { conversation, fullSequence, openFailures } from '../proof/index.ts'

/** Such as `IPv4, 192.168.0.1 → 192.168.0.2, ESP, time to live 64, 162 bytes`. */
export function outerHeader(frame: Frame): string {
  const { source, destination, ipv4, ipv6, arp, fragment, vlans, ethernet, ip } = frame
  if (arp) return `ARP: ${arp.senderAddress} (${arp.senderMac}) asks or answers for ${arp.targetAddress}`
  if (!ip) {
    const type = ethernet
      ? `of type 0x${ethernet.etherType.toString(16).padStart(4, '0')}`
      : 'without a known header'
    return `a frame ${type}, ${frame.data.length} bytes`
  }
  const tags = vlans.map(({ id }) => `VLAN ${id}, `).join('')
  const hops = ipv4 ? `time to live ${ipv4.ttl}` : `hop limit ${ipv6!.hopLimit}`
  const piece = fragment ? `, a fragment from byte ${fragment.offset} of packet ${fragment.id}` : ''
  return `${tags}${ipv4 ? 'IPv4' : 'IPv6'}, ${source} → ${destination}, ${carried(frame)}, ${hops}, ${ip.length} bytes${piece}`
}

function carried(frame: Frame): string {
  const { esp, tcp, udp, icmp, ah } = frame
  if (esp) return esp.inUdp ? 'ESP in UDP' : 'ESP'
  if (ah) return 'AH'
  if (tcp) return `TCP from port ${tcp.sourcePort} to ${tcp.destinationPort}`
  if (udp) return `UDP from port ${udp.sourcePort} to ${udp.destinationPort}`
  if (icmp) return `ICMP type ${icmp.type} code ${icmp.code}`
  return `protocol ${frame.ipv4?.protocol ?? frame.ipv6?.protocol}`
}

/** Such as `UDP 10.0.1.3:55298 → 10.0.3.2:9000, time to live 63, 92 bytes`. */
export function innerPacket(inner: Frame): string {
  const { ipv4, ipv6, ip } = inner
  const hops = ipv4 ? `, time to live ${ipv4.ttl}` : ipv6 ? `, hop limit ${ipv6.hopLimit}` : ''
  return `${conversation(inner)}${hops}, ${(ip ?? inner.data).length} bytes`
}

export function associationName({ algorithm, key, icvBits, integrity, esn }: EspSa): string {
  const salt = algorithm === 'rfc4106(gcm(aes))' || algorithm === 'rfc7539esp(chacha20,poly1305)' ? 4 : 0
  const bits = key.length > 0 ? `, ${(key.length - salt) * 8}-bit key` : ''
  const second = integrity ? ` with ${integrity.algorithm}` : ''
  return `${algorithm}${second}${bits}, ${icvBits}-bit ICV${esn ? ', extended sequence numbers' : ''}`
}

export function icvResult(opened: Opened): string {
  return opened.ok
    ? `verifies: the packet is what the holder of the key sealed, bit for bit; its padding is that of RFC 4303`
    : `does not vouch for the packet: ${openFailures[opened.reason]}`
}

export function sequenceOf(opened: Opened): string {
  return fullSequence(opened).toLocaleString('en')
}
