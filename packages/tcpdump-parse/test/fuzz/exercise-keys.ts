import assert from 'node:assert/strict'
import { parseAddress } from '../../src/address.ts'
import {
  CaptureError,
  decodeIp,
  EspOpener,
  type EspSa,
  parseEspSaTable,
  parseSas,
  parseXfrmState,
  SaError,
  tcpdumpCounts,
} from '../../src/index.ts'
import { ipv4, ipv6 } from '../../src/sample-frames.ts'
import { engine } from './engine.ts'
import type { KeyText } from './key-texts.ts'
import type { Tally } from './tally.ts'
import { typed } from './typed.ts'

const parsers = {
  xfrm: parseXfrmState,
  table: parseEspSaTable,
  json: (text: string) => parseSas(json(text)),
} as const

/** Reads a text of keys, and uses each key that was accepted. */
export function readKeys({ kind, text }: KeyText, tally: Tally): void {
  if (kind === 'counts') typed('counts', CaptureError, () => tcpdumpCounts(text), tally)
  else typed(`keys of ${kind}`, SaError, () => parsers[kind](text).forEach(useSa), tally)
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** One packet that is too short, and one that is not authentic. */
function useSa(sa: EspSa): void {
  const opener = new EspOpener([sa], { engine })
  const [source, destination] = [sa.source, sa.destination].map((end) =>
    parseAddress(end === '*' ? '10.0.0.1' : end),
  )
  for (const length of [8, 256]) {
    const esp = Buffer.alloc(length)
    esp.writeUInt32BE(sa.spi, 0)
    const packet = source!.length === 4 ? ipv4(50, esp) : ipv6(50, esp)
    source!.copy(packet, source!.length === 4 ? 12 : 8)
    destination!.copy(packet, source!.length === 4 ? 16 : 24)
    assert.equal(opener.open(decodeIp(packet)).ok, false)
  }
}
