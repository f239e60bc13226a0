/** Frames that carry another: what is decoded only behind a tunnel's header, or after decryption, is reached by these. */
import { cipherForms, type EspSa } from '../../src/esp/sa.ts'
import { sealRaw } from '../../src/esp/seal.ts'
import { ethernet, ipv4, ipv6, udp } from '../../src/sample-frames.ts'
import { geneve, vxlan } from '../corpus.ts'
import { espSuites } from '../esp-suites.ts'
import type { Chance } from './chance.ts'

const ETHERNET_HEADER = 14
const sas: readonly EspSa[] = espSuites.map(({ sa }, index) => ({
  ...sa,
  spi: 0x4000 + index,
  ...(index % 3 === 0 && { esn: true }),
}))

/** What a frame became, and the key for it where it was sealed. */
export interface Carried {
  readonly frames: readonly Buffer[]
  readonly sas: readonly EspSa[]
}

const alone = (frame: Buffer): Carried => ({ frames: [frame], sas: [] })
const over4 = (protocol: number, payload: Buffer): Buffer => ethernet(0x0800, ipv4(protocol, payload))
const over6 = (protocol: number, payload: Buffer): Buffer => ethernet(0x86dd, ipv6(protocol, payload))

type Carrier = (frame: Buffer, chance: Chance) => Carried

/** A length that does not fit into its field cannot be carried. */
const LONGEST = 32_768

export const carriers: Readonly<Record<string, Carrier>> = {
  'carry in VXLAN': (frame) => alone(over4(17, udp(1, 4789, vxlan(frame)))),
  'carry in Geneve': (frame) => alone(over6(17, udp(1, 6081, geneve(0x6558, frame)))),
  'carry in IP': (frame, chance) =>
    alone((chance.oneIn(2) ? over4 : over6)(4, frame.subarray(ETHERNET_HEADER))),
  'seal in ESP': (frame, chance) => {
    const sa = chance.oneOf(sas)
    const sequence = chance.oneOf([1, 2, 0xffffffff, chance.below(2 ** 32)])
    const esp = seal(sa, sequence, frame.subarray(ETHERNET_HEADER), chance)
    return { frames: [chance.oneIn(4) ? over4(17, udp(4500, 4500, esp)) : over4(50, esp)], sas: [sa] }
  },
  'cut into fragments': (frame, chance) => {
    const payload = frame.subarray(ETHERNET_HEADER)
    const cut = 8 * (1 + chance.below(Math.max(payload.length >> 3, 1)))
    const id = chance.below(65_536)
    const pieces = [
      ipv4(17, payload.subarray(0, cut), { id, moreFragments: true }),
      ipv4(17, payload.subarray(cut), { id, fragmentOffset: cut }),
    ]
    return { frames: pieces.map((piece) => ethernet(0x0800, piece)), sas: [] }
  },
}

/** @param frame of Ethernet, mostly. */
export function carry(frame: Buffer, chance: Chance, how: (what: string) => void): Carried {
  const name = chance.oneOf(Object.keys(carriers))
  how(name)
  return carriers[name]!(frame.subarray(0, LONGEST), chance)
}

/** Authentic, but with whatever trailer comes by chance as often as with a right one. */
function seal(sa: EspSa, sequence: number, inner: Buffer, chance: Chance): Buffer {
  const { alignment, ivBytes } = cipherForms[sa.algorithm]
  const padding = (alignment - ((inner.length + 2) % alignment)) % alignment
  const trailer = Buffer.from([
    ...Array.from({ length: padding }, (_, i) => i + 1),
    padding,
    chance.oneOf([4, 41, 17, 59]),
  ])
  if (chance.oneIn(2)) trailer[chance.below(trailer.length)] = chance.below(256)
  return sealRaw(sa, { sequence, iv: Buffer.alloc(ivBytes, sequence) }, Buffer.concat([inner, trailer]))
}
