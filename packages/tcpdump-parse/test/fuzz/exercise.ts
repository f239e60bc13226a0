import assert from 'node:assert/strict'
import {
  CanaryFinder,
  CaptureError,
  Defragmenter,
  decode,
  decodeIp,
  ESP_SECRETS,
  EspOpener,
  type Frame,
  internetChecksum,
  layerAt,
  type Packet,
  type Problem,
  parseEspSaTable,
  readBatches,
  SaError,
  StreamAssembler,
} from '../../src/index.ts'
import { tokens } from './edge-captures.ts'
import { engine } from './engine.ts'
import { readKeys } from './exercise-keys.ts'
import { type Found, survey } from './exercise-survey.ts'
import type { Subject } from './subject.ts'
import type { Tally } from './tally.ts'
import { touchFrame } from './touch-frame.ts'
import { typed } from './typed.ts'

const finder = new CanaryFinder(tokens)
/** A survey needs a file, and takes far longer than all else. Not even, so that each of two workers makes some. */
const SURVEY_EVERY = 15

/**
 * Does with a capture everything that the package can do with one.
 *
 * @throws whatever must not come out of it.
 */
export async function exercise(subject: Subject, tally: Tally): Promise<void> {
  const found = await read(subject, tally)
  if (subject.number % SURVEY_EVERY === 0) await survey(subject, found, tally)
  if (subject.text) readKeys(subject.text, tally)
}

async function read(subject: Subject, tally: Tally): Promise<Found> {
  const found: Found = { refused: false, packets: 0, bytes: 0, esp: 0, opened: 0, problems: 0 }
  const reader = new Reader(subject, tally, found)
  const options = {
    onProblem(problem: Problem) {
      found.problems++
      tally.add('capture', problem.code)
      assert.ok(problem.offset >= 0 && problem.message.length > 0)
    },
    onSecrets(type: number, data: Buffer) {
      tally.add('capture', 'secrets')
      if (type === ESP_SECRETS) typed('key text', SaError, () => parseEspSaTable(data.toString()), tally)
    },
    onStatistics: () => tally.add('capture', 'statistics'),
    onName: () => tally.add('capture', 'names'),
  }
  try {
    for await (const packets of readBatches(inPieces(subject), options))
      for (const packet of packets) reader.take(packet)
    reader.end()
    tally.add('reading', found.problems > 0 ? 'with problems' : 'whole')
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error
    found.refused = true
    tally.add('reading', 'refused')
  }
  tally.add('reading', 'packets', found.packets)
  return found
}

async function* inPieces({ bytes, pieces }: Subject): AsyncGenerator<Buffer> {
  let start = 0
  for (const end of pieces) {
    yield bytes.subarray(start, end)
    start = end
  }
}

class Reader {
  readonly #tally: Tally
  readonly #found: Found
  readonly #opener: EspOpener
  /** For what is within: which extended sequence numbers came before must be the same here as in a survey. */
  readonly #innerOpener: EspOpener
  readonly #defragmenter: Defragmenter
  readonly #assembler = new StreamAssembler()

  constructor({ sas, number }: Subject, tally: Tally, found: Found) {
    this.#tally = tally
    this.#found = found
    this.#opener = new EspOpener(sas, { engine })
    this.#innerOpener = new EspOpener(sas, { engine })
    // With hardly any room one has to go before another comes.
    const limit = number % 3 === 0 ? 4096 : 1 << 20
    this.#defragmenter = new Defragmenter({ limit, onProblem: ({ code }) => tally.add('fragments', code) })
  }

  take(packet: Packet): void {
    const { data, time, comments, length } = packet
    const found = this.#found
    found.packets++
    found.bytes += data.length
    if (comments.length > 0) this.#tally.add('capture', 'comments')
    assert.ok(typeof time === 'bigint' && length >= 0)
    const frame = decode(data, packet.interface.linkType)
    this.#search(data, [frame.layers.payload])
    if (data.length > 0)
      for (const at of [0, data.length >> 1, data.length - 1]) {
        const { offset } = layerAt(frame, at)
        assert.ok(offset >= 0 && offset < data.length)
      }
    if (frame.esp) found.esp++
    if (frame.esp && this.#open(frame, time, this.#opener)) found.opened++
    this.#look(frame, time)
  }

  end(): void {
    for (const { bytes, offset } of this.#assembler.streams()) {
      assert.ok(bytes.length > 0 && offset >= 0)
      this.#tally.add('stream', 'runs')
      this.#search(bytes)
    }
    for (const { repeated, disagreeing, reordered } of this.#assembler.summaries()) {
      if (repeated > 0) this.#tally.add('stream', 'with repeated bytes')
      if (disagreeing > 0) this.#tally.add('stream', 'with segments that disagree')
      if (reordered > 0) this.#tally.add('stream', 'with segments out of order')
    }
  }

  #look(frame: Frame, time: bigint): void {
    touchFrame(frame, this.#tally)
    this.#assembler.add(frame, time)
    const whole = this.#defragmenter.add(frame, time)
    if (whole && whole !== frame) {
      this.#tally.add('fragments', 'put together')
      this.#search(whole.data)
      this.#lookInside(whole, time)
    }
    const { ipv4 } = frame
    if (ipv4 && internetChecksum(frame.data, frame.layers.network, frame.layers.network + 20) === 0)
      this.#tally.add('frame', 'right checksum')
    const { inner } = frame
    if (inner?.esp || inner?.tcp || inner?.fragment) this.#lookInside(inner, time)
  }

  #lookInside(frame: Frame, time: bigint): void {
    this.#look(frame, time)
    if (frame.esp) this.#open(frame, time, this.#innerOpener)
  }

  #open(frame: Frame, time: bigint, opener: EspOpener): boolean {
    const opened = opener.open(frame)
    this.#tally.add('esp', opened.ok ? 'opened' : opened.reason)
    if (!opened.ok) return false
    this.#search(opened.inner)
    if (opened.nextHeader === 4 || opened.nextHeader === 41) this.#lookInside(decodeIp(opened.inner), time)
    return true
  }

  #search(data: Buffer, starts: readonly number[] = []): void {
    for (const { encoding, offset } of finder.search(
      data,
      starts.filter((start) => start >= 0),
    )) {
      assert.ok(offset >= 0 && offset < data.length)
      this.#tally.add('canary', encoding.replace(/\+\d/, ''))
    }
  }
}
