import { type Outcome, offendersShown, plural } from './check.ts'
import { nothingToJudge } from './instruments.ts'
import { type ArmView, offender } from './observe.ts'

/** Holds when no canary of the run is in any frame or reassembled stream on the wire, in any form that is searched. */
export function noCanary(arm: ArmView): Outcome {
  const { searched } = arm.wireCanaries()
  const uncovered = arm.facts.canaries.filter((canary) => !arm.isCovered(canary))
  const mayBeSeen = new Set(uncovered.map(({ token }) => token))
  const sightings = arm.wireCanaries().sightings.filter(({ token }) => !mayBeSeen.has(token))
  const bytes = arm.wire.reduce((sum, { data }) => sum + data.length, 0)
  const numbers = {
    frames: searched.frames,
    streams: searched.streams,
    bytes,
    canaries: arm.facts.canaries.length - mayBeSeen.size + (arm.facts.streams?.length ?? 0),
    sightings: sightings.length,
  }
  const covers = 'Compressed data is searched where it begins in the same frame, packet or stream.'
  if (sightings[0]) {
    const [{ token, encoding, where }] = sightings
    return {
      state: 'fails',
      says: `${plural(sightings.length, 'sighting')} of ${plural(new Set(sightings.map((each) => each.token)).size, 'canary', 'canaries')} on the wire, the first: ${token} as ${encoding} at ${where}.`,
      numbers,
      offenders: sightings
        .slice(0, offendersShown)
        .map(({ seen, token, encoding, where }) =>
          offender(seen, `canary ${token} as ${encoding} at ${where}`),
        ),
      covers,
    }
  }
  const nothing = nothingToJudge(arm)
  if (nothing) return { state: 'inconclusive', says: nothing, numbers, offenders: [], covers }
  if (arm.facts.canaries.length === mayBeSeen.size)
    return {
      state: 'inconclusive',
      says: 'No canary was sent, so none could be seen.',
      numbers,
      offenders: [],
      covers,
    }
  return {
    state: 'holds',
    says: `None of ${plural(numbers.canaries, 'canary', 'canaries')} is in ${plural(searched.frames, 'frame')} (${plural(bytes, 'byte')}) or ${plural(searched.streams, 'stream')}: raw, hex, base64, UTF-16, percent-encoded, backwards, and in gzip, zlib, deflate and brotli.`,
    numbers,
    offenders: [],
    covers,
  }
}
