/**
 * Captures read and written, frames decoded, fragments and streams put together, ESP opened and canaries found, without
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
export { formatIpv6, parseAddress } from './address.ts'
export { CanaryFinder, type CanaryHit } from './canary/finder.ts'
export type { InterfaceStatistics, ResolvedName } from './capture/format.ts'
export {
  type CaptureCounts,
  type CaptureOptions,
  capture,
  type LiveCapture,
  tcpdumpCounts,
} from './capture/live.ts'
export type { CaptureSink } from './capture/output.ts'
export { type CaptureInterface, Packet } from './capture/packet.ts'
export { PcapWriter } from './capture/pcap-writer.ts'
export {
  PcapngWriter,
  type SectionOptions,
  type WrittenPacket,
  type WrittenStatistics,
} from './capture/pcapng-writer.ts'
export { type BatchOptions, type ReadOptions, readBatches, readCapture } from './capture/read.ts'
export type { CaptureSource } from './capture/source.ts'
export { internetChecksum } from './checksum.ts'
export { type CrossCheckOptions, type CrossChecks, crossChecked } from './esp/cross-checked.ts'
export { EngineError, type EspCipher, type EspEngine } from './esp/engine.ts'
export { type FastEngine, fastEngine } from './esp/gnutls.ts'
export { nodeEngine } from './esp/node-engine.ts'
export { EspOpener, type Opened, type OpenFailure } from './esp/opener.ts'
export {
  checkSa,
  type EspAlgorithm,
  type EspSa,
  type IntegrityAlgorithm,
  parseSas,
  SaError,
} from './esp/sa.ts'
export { type Sealed, sealEsp } from './esp/seal.ts'
export { ESP_SECRETS, espDsb, parseEspSaTable, wiresharkProfile } from './esp/wireshark.ts'
export { parseXfrmState } from './esp/xfrm-state.ts'
export { Defragmenter, type DefragmenterOptions } from './fragment/defragmenter.ts'
export { decode, decodeIp, Frame } from './frame/frame.ts'
export type * from './frame/headers.ts'
export { layerAt, type Place } from './frame/layer-at.ts'
export { LinkType } from './link-type.ts'
export { CaptureError, type Problem } from './problem.ts'
export { type Stream, StreamAssembler, type StreamSummary } from './stream/assembler.ts'
export type { Sighting, Survey } from './survey/share.ts'
export { type SurveyOptions, surveyCapture } from './survey/survey.ts'
