import { decode, decodeIp, EspOpener, type Frame, type Packet, readCapture } from 'tcpdump-parse'
import type { SecurityAssociation } from '../agent/api.ts'
import type { CapturePoint } from '../lab/lab.ts'
import type { PacketBytes, Region } from './player/pictures/index.ts'
import { espSa } from './proof/esp-sa.ts'
import type { SentCanary } from './workload/traffic.ts'

/**
 * What a demo shows its audience from the captures while it plays. The verdict does not come from here: it comes from
 * proof/, which looks at every byte of every frame.
 */

/** Every canary begins with this; only the rest is random. */
const canaryStart = Buffer.from('WP-CANARY-')
const ethernetHeader = 14

export interface Sighting {
  readonly point: string
  readonly data: Buffer
}

export interface WireView {
  readonly frames: number
  readonly espFrames: number
  /** Frames of IP that are not ESP, nor what neighbours on a link ask each other. */
  readonly clearFrames: number
  /** Those that came in at a port that faces no node. */
  readonly fromStrangers: number
  /** Frames in which a canary can be read. */
  readonly readable: readonly Sighting[]
}

/** Looks over what crossed the wire. */
export async function lookAtWire(points: readonly CapturePoint[]): Promise<WireView> {
  const readable: Sighting[] = []
  let frames = 0
  let espFrames = 0
  let clearFrames = 0
  let fromStrangers = 0
  for (const point of points.filter(({ name }) => name.startsWith('wire/')))
    for await (const packet of readCapture(point.file)) {
      frames++
      if (point.name.startsWith('wire/port:')) fromStrangers++
      const frame = decode(packet.data, packet.interface.linkType)
      if (frame.esp !== undefined) espFrames++
      else if (frame.ip !== undefined && !isAmongNeighbours(frame)) clearFrames++
      if (packet.data.includes(canaryStart))
        readable.push({ point: point.name, data: Buffer.from(packet.data) })
    }
  return { frames, espFrames, clearFrames, fromStrangers, readable }
}

/** Of link-local scope, which no router forwards (RFC 4291 section 2.5.6), or neighbour discovery (RFC 4861). */
function isAmongNeighbours({ ipv6, icmp }: Frame): boolean {
  if (!ipv6) return false
  const isLocal = [ipv6.source, ipv6.destination].some(
    (each) => each === '::' || /^(fe[89ab]|ff.2:)/.test(each),
  )
  return isLocal || (icmp !== undefined && icmp.type >= 133 && icmp.type <= 137)
}

/** The same datagram twice: as its pod sent it, and as the wire carried it. */
export interface SeenTwice {
  readonly canary: SentCanary
  readonly inPod: Sighting
  readonly onWire: Sighting & { readonly spi: number; readonly sequence: number }
}

/** Finds a canary in its sender's pod and, by decrypting, the ESP packet that carried it. */
export async function findSealed(
  canaries: readonly SentCanary[],
  points: readonly CapturePoint[],
  sas: readonly SecurityAssociation[],
  wirePointOf: (pod: string) => string,
): Promise<SeenTwice | undefined> {
  const canary = canaries.find(({ protocol, delivered }) => protocol === 'udp' && delivered)
  if (canary === undefined) return undefined
  const token = Buffer.from(canary.token)
  const pointNamed = (name: string) => points.filter((point) => point.name === name)
  const inPod = await firstPacket(pointNamed(`pod/${canary.fromPod}`), ({ data }) => data.includes(token))
  const opener = new EspOpener(sas.map(espSa))
  let found: { spi: number; sequence: number } | undefined
  const onWire = await firstPacket(pointNamed(wirePointOf(canary.fromPod)), (packet) => {
    const opened = opener.open(decode(packet.data, packet.interface.linkType))
    if (!opened.ok || !opened.inner.includes(token) || decodeIp(opened.inner).udp === undefined) return false
    found = { spi: opened.spi, sequence: opened.sequence }
    return true
  })
  if (inPod === undefined || onWire === undefined || found === undefined) return undefined
  return { canary, inPod, onWire: { ...onWire, ...found } }
}

async function firstPacket(
  points: readonly CapturePoint[],
  matches: (packet: Packet) => boolean,
): Promise<Sighting | undefined> {
  for (const point of points)
    for await (const packet of readCapture(point.file))
      if (matches(packet)) return { point: point.name, data: Buffer.from(packet.data) }
  return undefined
}

/** A frame to look at, with every canary in it marked. */
export function pictured(title: string, { data }: Sighting, caption?: string): PacketBytes {
  const header: Region = { offset: 0, length: ethernetHeader, tone: 'quiet' }
  const regions = [header, ...canariesIn(data)]
  return caption === undefined ? { title, data, regions } : { title, data, regions, caption }
}

function canariesIn(data: Buffer): Region[] {
  const regions: Region[] = []
  for (let offset = data.indexOf(canaryStart); offset >= 0; offset = data.indexOf(canaryStart, offset + 1)) {
    let end = offset + canaryStart.length
    while (end < data.length && isTokenByte(data[end]!)) end++
    regions.push({ offset, length: end - offset, tone: 'exposed' })
  }
  return regions
}

/** RFC 4648 base32: A to Z and 2 to 7. */
function isTokenByte(byte: number): boolean {
  return (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x32 && byte <= 0x37)
}
