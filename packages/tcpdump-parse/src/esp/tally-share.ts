import { readBatches } from '../capture/read.ts'
import { decode, decodeIp } from '../frame/frame.ts'
import type { Problem } from '../problem.ts'
import { EspOpener } from './opener.ts'
import type { EspSa } from './sa.ts'

/** Counts of packets. */
export interface EspTally {
  packets: number
  esp: number
  /** Authenticated, decrypted and rightly padded. */
  opened: number
  /** Of those, carrying a whole IP packet. */
  innerIp: number
  failed: { 'no-sa': number; 'bad-icv': number; malformed: number; 'bad-padding': number }
}

/** Which packets of a capture one thread opens: each whose number modulo `of` is `index`. */
export interface Share {
  readonly path: string
  readonly sas: EspSa[]
  readonly index: number
  readonly of: number
}

const IPV4 = 4
const IPV6 = 41

export async function tallyShare(share: Share, onProblem?: (problem: Problem) => void): Promise<EspTally> {
  const tally: EspTally = {
    packets: 0,
    esp: 0,
    opened: 0,
    innerIp: 0,
    failed: { 'no-sa': 0, 'bad-icv': 0, malformed: 0, 'bad-padding': 0 },
  }
  const opener = new EspOpener(share.sas)
  let number = 0
  for await (const batch of readBatches(share.path, { reuse: true, ...(onProblem && { onProblem }) }))
    for (const { data, interface: from } of batch) {
      if (number++ % share.of !== share.index) continue
      tally.packets++
      const frame = decode(data, from.linkType)
      if (frame.layers.esp < 0) continue
      tally.esp++
      const opened = opener.open(frame)
      if (!opened.ok) tally.failed[opened.reason]++
      else {
        tally.opened++
        if (opened.nextHeader === IPV4 || opened.nextHeader === IPV6) {
          const { layers } = decodeIp(opened.inner)
          if (layers.version !== 0 && !layers.cut) tally.innerIp++
        }
      }
    }
  return tally
}

/** Adds `more` into `total`. */
export function addTally(total: EspTally, more: EspTally): void {
  total.packets += more.packets
  total.esp += more.esp
  total.opened += more.opened
  total.innerIp += more.innerIp
  for (const reason of Object.keys(total.failed) as (keyof EspTally['failed'])[])
    total.failed[reason] += more.failed[reason]
}
