import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CaptureError, readBatches } from 'tcpdump-parse'
import type { TSchema } from 'typebox'
import { Errors } from 'typebox/value'
import { Problem } from '../../lab/problem.ts'
import type { ArmAssociations, CapturedFrame, Material, Recording, RunFacts } from '../proof/index.ts'
import { evidenceFacts, file } from './format.ts'
import { Associations, Evidence } from './schema.ts'

export interface Bundle {
  readonly evidence: Evidence
  readonly material: Material
  /** What is wrong inside captures that could be read all the same. */
  readonly complaints: readonly string[]
}

/** Reads what a verdict is computed from. @throws Problem naming the file that is no part of a bundle, and why. */
export async function readBundle(directory: string): Promise<Bundle> {
  const evidence = readJson<Evidence>(directory, file.evidence, Evidence)
  const sas = readJson<Associations>(directory, file.associations, Associations)
  const complaints: string[] = []
  const frames = new Map<string, { linkType: number; frames: CapturedFrame[] }>()
  for (const { arm, instrument } of evidence.recordings)
    frames.set(`${arm}/${instrument}`, { linkType: 1, frames: [] })
  for (const name of [file.wire, file.pods])
    await readCaptureInto(directory, name, frames, (message) => complaints.push(`${name}: ${message}`))
  const recordings: Recording[] = evidence.recordings.map(({ arm, instrument, problem }) => ({
    arm,
    instrument,
    ...frames.get(`${arm}/${instrument}`)!,
    ...(problem !== undefined && { problem }),
  }))
  for (const [index, { frames: claimed, arm, instrument }] of evidence.recordings.entries()) {
    const found = recordings[index]!.frames.length
    if (found !== claimed)
      complaints.push(
        `${instrument.startsWith('wire/') ? file.wire : file.pods}: ${found} frames of ${arm}/${instrument}, where ${file.evidence} says ${claimed}`,
      )
  }
  const facts = evidenceFacts(evidence)
  return { evidence, material: { facts, associations: byArm(facts, sas), recordings }, complaints }
}

/** @throws Problem with exit code 2 when the directory is no bundle at all. */
export function requireBundle(directory: string): void {
  if (!existsSync(join(directory, file.evidence)))
    throw new Problem(
      'EBUNDLE',
      2,
      `${directory} is no evidence bundle: it has no ${file.evidence}`,
      'Give the directory that a demo left under evidence/.',
    )
}

function byArm(facts: RunFacts, sas: Associations): ArmAssociations[] {
  return facts.arms.map(({ name: arm }) => {
    const at = (moment: 'before' | 'after') =>
      sas
        .filter((sa) => sa.arm === arm && sa.when === moment)
        .map(({ arm: _, when: __, ...association }) => association)
    return { arm, before: at('before'), after: at('after') }
  })
}

export function corrupt(name: string, why: string): Problem {
  return new Problem(
    'EBUNDLE',
    1,
    `${name}: ${why}`,
    'The directory is no evidence bundle, or the file is not as it was written.',
  )
}

export function readFile(directory: string, name: string): Buffer {
  try {
    return readFileSync(join(directory, name))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw corrupt(name, code === 'ENOENT' ? `not in ${directory}` : `cannot be read: ${code}`)
  }
}

function readJson<T>(directory: string, name: string, schema: TSchema): T {
  let value: unknown
  try {
    value = JSON.parse(readFile(directory, name).toString('utf8'))
  } catch (error) {
    if (error instanceof Problem) throw error
    // The parser's own message quotes the text, which may hold a key.
    throw corrupt(name, 'not JSON')
  }
  const [mistake] = Errors(schema, value)
  if (mistake) throw corrupt(name, `${mistake.instancePath || 'the document'} ${mistake.message}`)
  return value as T
}

async function readCaptureInto(
  directory: string,
  name: string,
  frames: Map<string, { linkType: number; frames: CapturedFrame[] }>,
  complain: (message: string) => void,
): Promise<void> {
  readFile(directory, name)
  try {
    for await (const batch of readBatches(join(directory, name), {
      onProblem: ({ message, offset }) => complain(`${message} (at byte ${offset})`),
    }))
      for (const packet of batch) {
        const recording = frames.get(packet.interface.name ?? '')
        if (!recording)
          throw corrupt(name, `has an interface ${packet.interface.name} that ${file.evidence} lacks`)
        recording.linkType = packet.interface.linkType
        recording.frames.push({ time: packet.time, data: packet.data, length: packet.length })
      }
  } catch (error) {
    if (error instanceof CaptureError) throw corrupt(name, error.message)
    throw error
  }
}
