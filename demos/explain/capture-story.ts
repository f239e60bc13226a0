import { statSync } from 'node:fs'
import {
  CaptureError,
  crossChecked,
  decode,
  decodeIp,
  ESP_SECRETS,
  EspOpener,
  type EspSa,
  type Frame,
  fastEngine,
  LinkType,
  nodeEngine,
  type Opened,
  type Packet,
  parseEspSaTable,
  readCapture,
  SaError,
} from 'tcpdump-parse'
import { Problem } from '../../lab/problem.ts'
import { conversation, fullSequence } from '../proof/index.ts'
import { associationName, icvResult, innerPacket, outerHeader, sequenceOf } from './headers.ts'
import { facts, type Story } from './story.ts'

/** A frame of a capture, with what had to be read before it could be told of. */
interface Found {
  readonly packet: Packet
  readonly frame: Frame
  readonly opened: Opened | undefined
  /** Of its SA, the frame that used its sequence number before. */
  readonly usedBefore: number | undefined
  readonly keys: readonly EspSa[]
  readonly complaints: readonly string[]
}

/**
 * Tells what one frame of any capture is.
 *
 * @param keys besides those that the capture brings along in a secrets block.
 * @throws Problem naming the file, for what is no capture or has no such frame.
 */
export async function explainInCapture(
  path: string,
  number: number,
  keys: readonly EspSa[],
  signal?: AbortSignal,
): Promise<Story> {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw unreadable(path, 'it is a directory, and neither a capture nor a bundle')
  const found = await find(path, number, keys, signal)
  const { packet, frame, opened, usedBefore } = found
  const { linkType, name } = packet.interface
  if (!Object.values<number>(LinkType).includes(linkType))
    throw unreadable(path, `frame ${number} is of link type ${linkType}, whose headers are not known here`)
  const inner = opened?.ok ? decodeIp(opened.inner) : undefined
  const tunnels = opened?.ok && [4, 41].includes(opened.nextHeader)
  return {
    title: `Frame ${number} of ${path}: ${timeOf(packet)}${name === undefined ? '' : `, at ${name}`}`,
    facts: facts(
      ['outer header', outerHeader(frame)],
      ['carries', frame.inner && innerPacket(frame.inner)],
      ['wrong with it', frame.problem?.message],
      [
        'SA',
        opened &&
          (opened.ok
            ? `SPI 0x${opened.spi.toString(16)}, ${associationName(opened.sa)}`
            : `SPI 0x${opened.spi.toString(16)}`),
      ],
      [
        'sequence',
        opened &&
          `${sequenceOf(opened)}${usedBefore === undefined ? '' : `, used before in frame ${usedBefore}`}`,
      ],
      ['ICV', opened && icvResult(opened)],
      [
        'inner packet',
        inner &&
          (tunnels
            ? innerPacket(inner)
            : `protocol ${opened?.ok && opened.nextHeader}, ${inner.data.length} bytes`),
      ],
      ['which carries', inner?.inner && innerPacket(inner.inner)],
      ['comment', packet.comments.join('; ') || undefined],
    ),
    doubts: doubts(path, found),
  }
}

async function find(
  path: string,
  number: number,
  given: readonly EspSa[],
  signal: AbortSignal | undefined,
): Promise<Found> {
  const complaints: string[] = []
  const keys = [...given]
  let opener = openerOf(keys)
  const sequences = new Map<string, number>()
  let count = 0
  try {
    for await (const packet of readCapture(path, {
      ...(signal && { signal }),
      onProblem: ({ message, offset }) => complaints.push(`${message} (at byte ${offset})`),
      onSecrets: (type, data) => {
        if (type !== ESP_SECRETS) return
        const brought = secretsOf(data, (why) => complaints.push(why))
        keys.push(...brought)
        opener = openerOf(keys)
      },
    })) {
      count++
      const frame = decode(packet.data, packet.interface.linkType)
      const opened = frame.esp ? opener.open(frame) : undefined
      const name = opened && `${conversation(frame)} ${opened.spi} ${fullSequence(opened)}`
      const usedBefore = name === undefined ? undefined : sequences.get(name)
      if (count === number) return { packet, frame, opened, usedBefore, keys, complaints }
      if (name !== undefined) sequences.set(name, count)
    }
  } catch (error) {
    if (error instanceof CaptureError) throw unreadable(path, error.message.replace(`${path} `, 'it '))
    const { code, syscall } = error as NodeJS.ErrnoException
    if (syscall === undefined) throw error
    throw unreadable(path, code === 'ENOENT' ? 'there is no such file' : `it cannot be read: ${code}`)
  }
  const [complaint] = complaints
  const why = complaint === undefined ? '' : `, and ${complaint}`
  throw unreadable(path, `it has ${count} frame${count === 1 ? '' : 's'}${why}; there is no frame ${number}`)
}

function openerOf(sas: readonly EspSa[]): EspOpener {
  const fast = fastEngine()
  return new EspOpener(sas, { engine: 'engine' in fast ? crossChecked(fast.engine, nodeEngine) : nodeEngine })
}

function secretsOf(data: Buffer, complain: (why: string) => void): EspSa[] {
  if (data.length === 0) {
    complain('its block of decryption secrets is empty')
    return []
  }
  try {
    return parseEspSaTable(data.toString('latin1'))
  } catch (error) {
    if (!(error instanceof SaError)) throw error
    complain(`its block of decryption secrets cannot be used: ${error.message}`)
    return []
  }
}

function doubts(path: string, { opened, keys, complaints }: Found): string[] {
  const about = complaints.map((complaint) => `${path}: ${complaint}.`)
  if (!opened || opened.ok || opened.reason !== 'no-sa') return about
  const spi = `0x${opened.spi.toString(16)}`
  if (keys.length === 0) return [...about, `No key was given for SPI ${spi}: show one with --keys.`]
  const others = keys.filter(({ spi }) => spi === opened.spi)
  const why =
    others.length > 0
      ? `${others.length} of the ${keys.length} security associations given have SPI ${spi}, with other addresses`
      : `none of the ${keys.length} security associations given has SPI ${spi}`
  return [...about, `${why[0]!.toUpperCase()}${why.slice(1)}.`]
}

function timeOf({ time }: Packet): string {
  const at = new Date(Number(time / 1_000_000n)).toISOString().replace('T', ' ').replace('Z', '')
  return `${at}${`${time % 1_000_000n}`.padStart(6, '0')} UTC`
}

function unreadable(path: string, why: string): Problem {
  return new Problem(
    'ECAPTURE',
    2,
    `${path}: ${why}`,
    'Give a pcap or pcapng file, or the directory of a bundle.',
  )
}
