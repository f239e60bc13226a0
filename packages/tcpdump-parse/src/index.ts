/**
 * Captures read and written, frames decoded, ESP opened and canaries found, without native code and without
 * dependencies.
 *
 * ```ts
 * import { decode, decodeIp, EspOpener, readCapture } from 'tcpdump-parse'
 *
 * const opener = new EspOpener(sas)
 * for await (const packet of readCapture('wire.pcapng')) {
 *   const opened = opener.open(decode(packet.data, packet.interface.linkType))
 *   if (opened.ok) console.log(packet.time, decodeIp(opened.inner).tcp)
 *   else console.log(packet.time, opened.reason)
 * }
 * ```
 *
 * Malformed input never throws: a frame has a `problem`, a reader calls `onProblem`, an opener returns a `reason`.
 */
export { CanaryFinder, type CanaryHit } from './canary/finder.ts'
export { type CaptureInterface, Packet } from './capture/packet.ts'
export { type BatchOptions, type ReadOptions, readBatches, readCapture } from './capture/read.ts'
export { PcapngWriter, type WrittenPacket } from './capture/write.ts'
export { type GcmEngine, type GcmKey, nodeCrypto } from './esp/gcm.ts'
export { EspOpener, type Opened } from './esp/opener.ts'
export { checkSa, type EspSa, parseSas, SaError } from './esp/sa.ts'
export { type Sealed, sealEsp } from './esp/seal.ts'
export { type TallyOptions, tallyEsp } from './esp/tally.ts'
export type { EspTally } from './esp/tally-share.ts'
export { ESP_SECRETS, espDsb, wiresharkProfile } from './esp/wireshark.ts'
export { parseXfrmState } from './esp/xfrm-state.ts'
export { decode, decodeIp, Frame } from './frame/frame.ts'
export type * from './frame/headers.ts'
export { LinkType } from './link-type.ts'
export { CaptureError, type Problem } from './problem.ts'
export { type Stream, StreamAssembler } from './stream/assembler.ts'
