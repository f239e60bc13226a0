/** Pictures a demo can show: pure functions from the space there is to lines of text. */
export { type CheckLine, checkTable } from './checks.ts'
export { flowLines } from './flows.ts'
export { type PacketBytes, packetBytes, type Region, sideBySide } from './packet-bytes.ts'
export { type Verdict, verdictBanner, type Whereabouts, whereabouts } from './verdict.ts'
