import { PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { PcapWriter } from '../../src/capture/pcap-writer.ts'
import { PcapngWriter } from '../../src/capture/pcapng-writer.ts'
import type { EspSa } from '../../src/esp/sa.ts'
import { ESP_SECRETS, espDsb } from '../../src/esp/wireshark.ts'
import {
  block,
  interfaceBlock,
  option,
  packed,
  packetBlock,
  pcap,
  section,
} from '../../src/sample-captures.ts'
import { type CorpusCapture, corpus } from '../corpus.ts'
import { type Capture, takeApart } from './chunks.ts'
import { edgeCaptures, largeCaptures } from './edge-captures.ts'

/** A sound capture, and the keys that its ESP opens with. */
export interface Seed extends Capture {
  readonly linkType: number
  readonly sas: readonly EspSa[]
}

export interface Seeds {
  /** With ESP in them, and without. */
  readonly sealed: readonly Seed[]
  readonly open: readonly Seed[]
  readonly large: readonly Seed[]
  /** Frames of all of them, for what puts one into another. */
  readonly ethernetFrames: readonly Buffer[]
}

const START = 1_700_000_000_000_000_000n

type Form = (capture: CorpusCapture) => Buffer | Promise<Buffer>

/** Each capture is written in each of these forms. */
const forms: Readonly<Record<string, Form>> = {
  pcap: (capture) => written(capture, false),
  'pcap with microseconds': (capture) => written(capture, true),
  'big-endian pcap': ({ frames }) =>
    pcap(
      false,
      true,
      frames.map((data, seconds) => ({ seconds, fraction: 1, data })),
    ),
  pcapng: plain,
  'pcapng with everything in it': full,
  'big-endian pcapng': bigEndian,
}

async function written({ linkType, frames }: CorpusCapture, microseconds: boolean): Promise<Buffer> {
  const stream = new PassThrough()
  const writer = new PcapWriter(stream, { linkType, microseconds })
  for (const [index, data] of frames.entries()) writer.writePacket({ time: START + BigInt(index), data })
  const [bytes] = await Promise.all([buffer(stream), writer.close()])
  return bytes
}

async function plain({ linkType, frames }: CorpusCapture): Promise<Buffer> {
  const stream = new PassThrough()
  const writer = new PcapngWriter(stream)
  const wire = writer.addInterface({ linkType })
  for (const [index, data] of frames.entries())
    writer.writePacket({ interface: wire, time: START + BigInt(index), data })
  const [bytes] = await Promise.all([buffer(stream), writer.close()])
  return bytes
}

/** Two sections, named interfaces, names, keys, comments and counts. */
async function full({ linkType, frames, sas = [] }: CorpusCapture): Promise<Buffer> {
  const stream = new PassThrough()
  const writer = new PcapngWriter(stream, {
    hardware: 'none',
    system: 'Linux',
    application: 'a fuzzer',
    comment: '1',
  })
  for (const [number, half] of [frames.slice(0, 1), frames.slice(1)].entries()) {
    if (number > 0) writer.addSection({ comment: 'another' })
    const idle = writer.addInterface({ name: 'idle', linkType: 101 })
    const wire = writer.addInterface({ name: 'wire', description: 'between two', linkType })
    writer.addNames([
      { address: '10.0.0.1', names: ['one', 'one.example'] },
      { address: 'fd00::1', names: ['six'] },
    ])
    if (sas.length > 0) writer.addSecrets(ESP_SECRETS, espDsb(sas))
    for (const [index, data] of half.entries())
      writer.writePacket({
        interface: wire,
        time: START + BigInt(index),
        data,
        length: data.length + index,
        comment: `✓ ${index}`,
      })
    writer.addStatistics({ interface: wire, time: START, received: 9n, accepted: 8n, droppedBySystem: 1n })
    writer.addStatistics({ interface: idle, time: START })
  }
  const [bytes] = await Promise.all([buffer(stream), writer.close()])
  return bytes
}

const SIMPLE_PACKET = 3
const OBSOLETE_PACKET = 2
const CUSTOM = 0xbad

/** With the options that our writer does not write, and the two kinds of packet blocks that it does not write either. */
function bigEndian({ linkType, frames }: CorpusCapture): Buffer {
  const simple = (data: Buffer) =>
    block(false, SIMPLE_PACKET, Buffer.concat([packed(false, [[4, data.length]]), data]))
  const obsolete = (data: Buffer) => {
    const head = packed(false, [
      [2, 0],
      [2, 0xffff],
      [4, 1],
      [4, 2],
      [4, data.length],
      [4, data.length],
    ])
    return block(false, OBSOLETE_PACKET, Buffer.concat([head, data]))
  }
  const hour = Buffer.alloc(8)
  hour.writeBigInt64BE(3600n)
  return Buffer.concat([
    section(false),
    interfaceBlock(
      false,
      linkType,
      option(false, 2, Buffer.from('wire')),
      option(false, 9, Buffer.from([0x86])),
      option(false, 14, hour),
    ),
    block(false, CUSTOM, Buffer.alloc(12)),
    ...frames.map((data, index) =>
      packetBlock(
        false,
        { interface: 0, time: BigInt(index), data },
        option(false, 1, Buffer.from('a comment')),
      ),
    ),
    simple(frames[0]!),
    obsolete(frames[0]!),
  ])
}

/** @returns the same seeds in the same order each time. */
export async function makeSeeds(): Promise<Seeds> {
  const usual = await Promise.all([...corpus, ...edgeCaptures].flatMap(everyForm))
  const large = await Promise.all(largeCaptures.flatMap(everyForm))
  const ethernetFrames = [...corpus, ...edgeCaptures]
    .filter(({ linkType }) => linkType === 1)
    .flatMap(({ frames }) => frames)
  return {
    sealed: usual.filter(({ sas }) => sas.length > 0),
    open: usual.filter(({ sas }) => sas.length === 0),
    large,
    ethernetFrames,
  }
}

function everyForm(capture: CorpusCapture): Promise<Seed>[] {
  return Object.entries(forms).map(async ([form, make]) => ({
    ...takeApart(`${capture.name}, as ${form}`, await make(capture)),
    linkType: capture.linkType,
    sas: capture.sas ?? [],
  }))
}
