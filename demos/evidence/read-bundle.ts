import { hash } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { CaptureError, readBatches } from 'tcpdump-parse'
import type { TSchema } from 'typebox'
import { Errors } from 'typebox/value'
import { Problem } from '../../lab/problem.ts'
import {
  type ArmAssociations,
  type CapturedFrame,
  kindOf,
  type Material,
  type Recording,
  type RunFacts,
} from '../proof/index.ts'
import { evidenceFacts, file, formatVersion } from './format.ts'
import { Associations, Evidence } from './schema.ts'

export interface Bundle {
  readonly evidence: Evidence
  readonly material: Material
  /** What is wrong inside captures that could be read all the same. */
  readonly complaints: readonly string[]
}

export interface ReadBundleOptions {
  /** The file of security associations, for a bundle that was made without. */
  readonly keys?: string
}

/** Reads what a verdict is computed from. @throws Problem naming the file that is no part of a bundle, and why. */
export async function readBundle(directory: string, { keys }: ReadBundleOptions = {}): Promise<Bundle> {
  const evidence = readEvidence(directory)
  const withheld = evidence.withheld.find(({ name }) => name === file.associations)
  const complaints: string[] = []
  const sas = withheld
    ? readWithheld(keys, withheld.sha256)
    : readJson<Associations>(join(directory, file.associations), file.associations, Associations)
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
        `${kindOf(instrument) === 'wire' ? file.wire : file.pods}: ${found} frames of ${arm}/${instrument}, where ${file.evidence} says ${claimed}`,
      )
  }
  const facts = evidenceFacts(evidence)
  const associations = byArm(facts, sas ?? [])
  const material = { facts, associations, recordings, ...(sas === undefined && { keysWithheld: true }) }
  return { evidence, material, complaints }
}

/** @throws Problem where the bundle is of a form that this version does not read. */
function readEvidence(directory: string): Evidence {
  const path = join(directory, file.evidence)
  const { format, version, versions } = parseJson(path, file.evidence) as Partial<Evidence>
  if (format !== 'wireproof-evidence') throw corrupt(file.evidence, 'not the evidence of a bundle')
  if (version !== formatVersion) throw otherVersion(version, versions?.wireproof)
  return readJson<Evidence>(path, file.evidence, Evidence)
}

function otherVersion(version: unknown, writer: string | undefined): Problem {
  const by = writer === undefined ? '' : `, written by wireproof ${writer}`
  return new Problem(
    'EVERSION',
    2,
    `${file.evidence}: bundle format ${version}${by}; this version reads format ${formatVersion}`,
    'Verify it with the version of wireproof that wrote it.',
  )
}

/** @returns undefined where nobody shows them. @throws Problem when they are not the ones that were withheld. */
function readWithheld(path: string | undefined, sha256: string): Associations | undefined {
  if (path === undefined) return undefined
  const sas = readJson<Associations>(path, path, Associations)
  if (hash('sha256', readFileSync(path)) === sha256) return sas
  throw new Problem(
    'EKEYS',
    2,
    `${path}: not the security associations that were withheld from this bundle`,
    `Its SHA-256 must be ${sha256}.`,
  )
}

/** @throws Problem with exit code 2 when there is no bundle at all. */
export function requireBundle(directory: string): void {
  const found = statSync(directory, { throwIfNoEntry: false })
  const why = !found
    ? 'there is no such directory'
    : !found.isDirectory()
      ? 'it is a file, and a bundle is a directory'
      : existsSync(join(directory, file.evidence))
        ? undefined
        : `it has no ${file.evidence}`
  if (why !== undefined)
    throw new Problem(
      'EBUNDLE',
      2,
      `${directory} is no evidence bundle: ${why}`,
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

/** @param name by which the file is called in messages. */
export function readFile(path: string, name: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw corrupt(name, code === 'ENOENT' ? 'the file is missing' : `cannot be read: ${code}`)
  }
}

function readJson<T>(path: string, name: string, schema: TSchema): T {
  const value = parseJson(path, name)
  const [mistake] = Errors(schema, value)
  if (mistake) throw corrupt(name, `${mistake.instancePath || 'the document'} ${mistake.message}`)
  return value as T
}

function parseJson(path: string, name: string): unknown {
  const text = readFile(path, name).toString('utf8')
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // The parser's own message quotes the text, which may hold a key.
  }
  throw corrupt(name, text.length === 0 ? 'the file is empty' : 'not a JSON document')
}

async function readCaptureInto(
  directory: string,
  name: string,
  frames: Map<string, { linkType: number; frames: CapturedFrame[] }>,
  complain: (message: string) => void,
): Promise<void> {
  readFile(join(directory, name), name)
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
