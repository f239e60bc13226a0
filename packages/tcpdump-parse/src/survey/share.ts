import { setImmediate as otherEvents } from 'node:timers/promises'
import { CanaryFinder, type CanaryHit } from '../canary/finder.ts'
import type { InterfaceEntry, RecordSink } from '../capture/format.ts'
import { passRecords } from '../capture/read.ts'
import { internetChecksum } from '../checksum.ts'
import { crossChecked } from '../esp/cross-checked.ts'
import type { EspEngine } from '../esp/engine.ts'
import { fastEngine } from '../esp/gnutls.ts'
import { nodeEngine } from '../esp/node-engine.ts'
import { EspOpener, type OpenFailure } from '../esp/opener.ts'
import type { EspSa } from '../esp/sa.ts'
import { Layers } from '../frame/layers.ts'
import { Protocol } from '../frame/transport.ts'
import { walk } from '../frame/walk.ts'
import { LinkType } from '../link-type.ts'
import type { Problem } from '../problem.ts'
import { SharedFile } from './shared-file.ts'
import type { SharedState } from './shared-state.ts'

/** A token that was found. */
export interface Sighting extends CanaryHit {
  /** Number of the packet in the capture, from 1. */
  readonly packet: number
  /** In the frame as it was captured, or in what came out of its ESP; the offset is from the start of that. */
  readonly where: 'frame' | 'plaintext'
}

/** What a whole capture comes to. Counts are of packets. */
export interface Survey {
  packets: number
  /** Captured. */
  bytes: number
  esp: number
  /** Authenticated, decrypted and rightly padded. */
  opened: number
  /** Of those, carrying a whole IP packet, whose header's checksum is right where it has one. */
  innerIp: number
  failed: Record<OpenFailure, number>
  /** How often a token was found, in frames and in plaintext. */
  sightings: { frame: number; plaintext: number }
  /** The first of them, in the order of the packets. */
  first: Sighting[]
  /** What is wrong inside the capture: the first things. */
  problems: Problem[]
  /** What did the cryptography. */
  engine: string
}

/** What one thread is to do of a capture. */
export interface Share {
  readonly path: string
  readonly sas: readonly EspSa[]
  readonly tokens: readonly string[]
  /** Whether the fast engine may be used. */
  readonly fast: boolean
  /** By which threads share a file; absent for what has to be read from its start to its end, such as a compressed one. */
  readonly state?: SharedState
}

/** Most sightings and problems that are told one by one. */
const KEPT = 100
/** One packet in so many is opened by the other engine as well. */
const SAMPLE = 1024

/** Windows that are gone through before other events, such as an abort, are let in. */
const WINDOWS_IN_A_ROW = 64

/** @throws CaptureError, SaError, EngineError, and what `fs` throws when the file cannot be read. */
export async function surveyShare({ path, state, ...share }: Share, signal?: AbortSignal): Promise<Survey> {
  const surveyor = new Surveyor(share)
  if (state) await surveyFile(path, state, surveyor, signal)
  else {
    const onProblem = (problem: Problem) => surveyor.noteProblem(problem)
    for await (const _ of passRecords(path, surveyor, { ...(signal && { signal }), onProblem, reuse: true }));
  }
  return surveyor.survey
}

async function surveyFile(
  path: string,
  state: SharedState,
  surveyor: Surveyor,
  signal?: AbortSignal,
): Promise<void> {
  const file = new SharedFile(path, state, surveyor.engine, (problem) => surveyor.noteProblem(problem))
  try {
    for (let windows = 1; ; windows++) {
      const records = file.take()
      if (!records) return
      const { window, starts, ends, interfaces, count, firstNumber } = records
      for (let index = 0; index < count; index++)
        surveyor.look(
          interfaces[index]!.shown.linkType,
          window,
          starts[index]!,
          ends[index]!,
          firstNumber + index + 1,
        )
      if (windows % WINDOWS_IN_A_ROW === 0) await otherEvents()
      signal?.throwIfAborted()
    }
  } finally {
    file.close()
  }
}

class Surveyor implements RecordSink {
  readonly survey: Survey
  readonly engine: EspEngine
  readonly #opener: EspOpener
  readonly #finder: CanaryFinder | undefined
  readonly #layers = new Layers()
  readonly #inner = new Layers()
  #number = 0

  constructor({ sas, tokens, fast }: Omit<Share, 'path' | 'state'>) {
    this.engine = chosenEngine(fast)
    this.survey = emptySurvey(this.engine.name)
    this.#opener = new EspOpener(sas, { engine: this.engine })
    this.#finder = tokens.length > 0 ? new CanaryFinder(tokens) : undefined
  }

  packet({ shown }: InterfaceEntry, window: Buffer, start: number, end: number): void {
    this.look(shown.linkType, window, start, end, this.#number + 1)
  }

  /** @param number of the packet in the capture, from 1. */
  look(linkType: number, window: Buffer, start: number, end: number, number: number): void {
    const { survey } = this
    this.#number = number
    survey.packets++
    survey.bytes += end - start
    if (this.#finder) this.#note('frame', this.#finder.scan(window, start, end), start)
    const layers = this.#layers
    walk(window, start, end, linkType, layers)
    if (layers.esp < 0) return
    survey.esp++
    if (!this.#opener.attempt(window, layers)) survey.failed[this.#opener.failure]++
    else this.#lookInside()
  }

  noteProblem(problem: Problem): void {
    if (this.survey.problems.length < KEPT) this.survey.problems.push(problem)
  }

  #lookInside(): void {
    const { innerLength, nextHeader, association } = this.#opener
    const { plaintext } = association!.cipher
    const { survey } = this
    survey.opened++
    if (this.#finder) this.#note('plaintext', this.#finder.scan(plaintext, 0, innerLength), 0)
    if (nextHeader !== Protocol.ipip && nextHeader !== Protocol.ipv6) return
    const inner = this.#inner
    walk(plaintext, 0, innerLength, LinkType.raw, inner)
    const whole = inner.version !== 0 && !inner.cut && inner.problem === undefined
    if (whole && (inner.version === 6 || internetChecksum(plaintext, 0, inner.networkHeaderLength) === 0))
      survey.innerIp++
  }

  #note(where: Sighting['where'], hits: readonly CanaryHit[], start: number): void {
    for (const { token, encoding, offset } of hits) {
      const { survey } = this
      survey.sightings[where]++
      if (survey.first.length < KEPT)
        survey.first.push({ packet: this.#number, where, token, encoding, offset: offset - start })
    }
  }
}

function chosenEngine(fast: boolean): EspEngine {
  const found = fast ? fastEngine() : undefined
  return found && 'engine' in found ? crossChecked(found.engine, nodeEngine, { sample: SAMPLE }) : nodeEngine
}

function emptySurvey(engine: string): Survey {
  return {
    packets: 0,
    bytes: 0,
    esp: 0,
    opened: 0,
    innerIp: 0,
    failed: { 'no-sa': 0, 'bad-icv': 0, malformed: 0, 'bad-padding': 0 },
    sightings: { frame: 0, plaintext: 0 },
    first: [],
    problems: [],
    engine,
  }
}

/** Adds what another thread found. */
export function addSurvey(total: Survey, more: Survey): void {
  for (const count of ['packets', 'bytes', 'esp', 'opened', 'innerIp'] as const) total[count] += more[count]
  for (const reason of Object.keys(total.failed) as OpenFailure[]) total.failed[reason] += more.failed[reason]
  total.sightings.frame += more.sightings.frame
  total.sightings.plaintext += more.sightings.plaintext
  total.first = [...total.first, ...more.first].sort((a, b) => a.packet - b.packet).slice(0, KEPT)
  total.problems = [...total.problems, ...more.problems].sort((a, b) => a.offset - b.offset).slice(0, KEPT)
}
