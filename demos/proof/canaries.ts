import { type CanaryFinder, StreamAssembler } from 'tcpdump-parse'
import type { SeenFrame } from './observe.ts'

export interface CanarySighting {
  readonly token: string
  readonly encoding: string
  /** The frame, or the first frame of the stream. */
  readonly seen: SeenFrame
  /** Set when the token shows only after the stream was put together. */
  readonly inStream: boolean
}

export interface CanarySightings {
  readonly sightings: readonly CanarySighting[]
  /** Frames and streams that were searched. */
  readonly searched: { readonly frames: number; readonly streams: number }
  /** Whether the instrument saw the token, in whatever form. */
  seenAt(instrument: string, token: string): boolean
}

/** Searches every byte of every frame, and of the TCP streams that the frames carry in clear. */
export function findCanaries(finder: CanaryFinder, frames: readonly SeenFrame[]): CanarySightings {
  const sightings: CanarySighting[] = []
  const seenTokens = new Set<string>()
  const note = (sighting: CanarySighting) => {
    sightings.push(sighting)
    seenTokens.add(`${sighting.seen.instrument} ${sighting.token}`)
  }
  for (const seen of frames)
    for (const { token, encoding } of finder.search(seen.data))
      note({ token, encoding, seen, inStream: false })

  let streams = 0
  for (const ofInstrument of Map.groupBy(frames, ({ instrument }) => instrument).values()) {
    const assembler = new StreamAssembler()
    const first = new Map<string, SeenFrame>()
    for (const seen of ofInstrument) {
      const { frame } = seen
      if (!frame.tcp) continue
      const key = streamKey(
        frame.source!,
        frame.tcp.sourcePort,
        frame.destination!,
        frame.tcp.destinationPort,
      )
      if (!first.has(key)) first.set(key, seen)
      assembler.add(frame, seen.time)
    }
    for (const stream of assembler.streams()) {
      streams++
      const key = streamKey(stream.source, stream.sourcePort, stream.destination, stream.destinationPort)
      const seen = first.get(key)!
      for (const { token, encoding } of finder.search(stream.bytes)) {
        if (seenTokens.has(`${seen.instrument} ${token}`)) continue
        note({ token, encoding, seen, inStream: true })
      }
    }
  }
  return {
    sightings,
    searched: { frames: frames.length, streams },
    seenAt: (instrument, token) => seenTokens.has(`${instrument} ${token}`),
  }
}

function streamKey(source: string, sourcePort: number, destination: string, destinationPort: number): string {
  return `${source} ${sourcePort} ${destination} ${destinationPort}`
}
