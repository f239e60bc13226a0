import { type CanaryFinder, type CanaryHit, type Frame, layerAt, StreamAssembler } from 'tcpdump-parse'
import type { SeenFrame } from './observe.ts'

export interface CanarySighting {
  readonly token: string
  readonly encoding: string
  /** The frame; of a packet in fragments the last one, of a stream the first. */
  readonly seen: SeenFrame
  /** Where in the frame, packet or stream, such as `byte 14 of the payload`. */
  readonly where: string
}

export interface CanarySightings {
  readonly sightings: readonly CanarySighting[]
  /** Frames and streams that were searched. */
  readonly searched: { readonly frames: number; readonly streams: number }
  /** Whether the instrument saw the token, in whatever form. */
  seenAt(instrument: string, token: string): boolean
}

/** Searches every byte of every frame, of the packets that fragments make, and of the TCP streams in clear. */
export function findCanaries(finder: CanaryFinder, frames: readonly SeenFrame[]): CanarySightings {
  const sightings: CanarySighting[] = []
  const seenTokens = new Set<string>()
  const note = (seen: SeenFrame, { token, encoding }: CanaryHit, where: string) => {
    sightings.push({ token, encoding, seen, where })
    seenTokens.add(`${seen.instrument} ${token}`)
  }
  const noteNew = (seen: SeenFrame, hit: CanaryHit, where: string) => {
    if (!seenTokens.has(`${seen.instrument} ${hit.token}`)) note(seen, hit, where)
  }
  for (const seen of frames) {
    const { frame, whole } = seen
    for (const hit of finder.search(frame.data, contentStarts(frame))) note(seen, hit, place(frame, hit))
    if (!whole) continue
    for (const hit of finder.search(whole.data, contentStarts(whole)))
      noteNew(seen, hit, `${place(whole, hit)} of a packet in fragments`)
  }

  let streams = 0
  for (const ofInstrument of Map.groupBy(frames, ({ instrument }) => instrument).values()) {
    const assembler = new StreamAssembler()
    const first = new Map<string, SeenFrame>()
    for (const seen of ofInstrument) {
      const packet = seen.whole ?? seen.frame
      const { tcp, source, destination } = packet
      if (!tcp) continue
      const key = streamKey(source!, tcp.sourcePort, destination!, tcp.destinationPort)
      if (!first.has(key)) first.set(key, seen)
      assembler.add(packet, seen.time)
    }
    for (const stream of assembler.streams()) {
      streams++
      const { source, sourcePort, destination, destinationPort, offset } = stream
      const seen = first.get(streamKey(source, sourcePort, destination, destinationPort))!
      for (const hit of finder.search(stream.bytes))
        noteNew(seen, hit, `byte ${offset + hit.offset} of the stream that begins here`)
    }
  }
  return {
    sightings,
    searched: { frames: frames.length, streams },
    seenAt: (instrument, token) => seenTokens.has(`${instrument} ${token}`),
  }
}

/** Where compressed content without a mark of its own may begin. */
function contentStarts({ layers }: Frame): number[] {
  return [layers.payload, layers.inner].filter((start) => start > 0)
}

function place(frame: Frame, { offset }: CanaryHit): string {
  const { layer, depth, offset: within } = layerAt(frame, offset)
  return `byte ${within} of the ${depth > 0 ? 'inner ' : ''}${layer}`
}

function streamKey(source: string, sourcePort: number, destination: string, destinationPort: number): string {
  return `${source} ${sourcePort} ${destination} ${destinationPort}`
}
