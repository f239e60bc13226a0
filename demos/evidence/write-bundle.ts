import { createPublicKey, hash, type KeyObject } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { wiresharkProfile } from 'tcpdump-parse'
import { Problem } from '../../lab/problem.ts'
import type { ArmAssociations, Judgement, RunView } from '../proof/index.ts'
import { renderReport } from '../report/report.ts'
import { envelopeText, seal, statement } from './attestation.ts'
import { writeMerged } from './captures.ts'
import { digestOf, filesOf } from './digest.ts'
import {
  type Associations,
  claimedJudgement,
  type Evidence,
  file,
  formatVersion,
  secretFiles,
} from './format.ts'
import { junit } from './junit.ts'
import { espKeys } from './keys.ts'
import { makeDirectory } from './make-directory.ts'

/** Where the security associations of a bundle without keys are kept, if they are. */
export function keptKeys(directory: string): string {
  return `${directory}.${file.associations}`
}

/** Such as `evidence/first-light-20261124T034500Z`. */
export function bundleDirectory(root: string, demo: string, created: Date): string {
  const time = created
    .toISOString()
    .replace(/[-:]/g, '')
    .replace(/\.\d+Z$/, 'Z')
  return join(root, `${demo}-${time}`)
}

export interface BundleOptions {
  readonly created: Date
  /** Leaves out every file that would hold a key. */
  readonly sealedOnly?: boolean
  /** Of a bundle without keys: leaves the security associations beside it, so that they can be shown later. */
  readonly keepKeys?: boolean
}

/**
 * Writes all of a bundle but its attestation, which {@link attestBundle} adds when the last file is there.
 *
 * @throws Problem when the directory cannot be written.
 */
export async function writeBundle(
  directory: string,
  run: RunView,
  judgement: Judgement,
  options: BundleOptions,
): Promise<void> {
  try {
    await writeFiles(directory, run, judgement, options)
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException
    if (code === undefined || syscall === undefined) throw error
    throw new Problem(
      'EEVIDENCE',
      4,
      `the evidence cannot be written to ${directory}: ${code}`,
      'Give another directory with --evidence, or make room.',
    )
  }
}

async function writeFiles(
  directory: string,
  run: RunView,
  judgement: Judgement,
  options: BundleOptions,
): Promise<void> {
  const { facts, associations, recordings } = run.material
  const { arms: played, ...lab } = facts
  const { created, sealedOnly = false, keepKeys = false } = options
  const write = (name: string, content: string, mode = 0o644) => {
    makeDirectory(dirname(join(directory, name)))
    writeFileSync(join(directory, name), content, { mode })
  }
  const keys = espKeys(associations)
  const profile = wiresharkProfile(keys)
  const secrets = {
    [file.associations]: json(associations.flatMap(listed)),
    [file.esp]: profile.esp_sa,
  }
  makeDirectory(directory)
  await writeMerged(join(directory, file.wire), run, 'wire')
  await writeMerged(join(directory, file.pods), run, 'pod')
  if (!sealedOnly) {
    await writeMerged(join(directory, file.opened), run, 'wire', keys)
    chmodSync(join(directory, file.opened), 0o600)
    for (const [name, content] of Object.entries(secrets)) write(name, content, 0o600)
    write(file.preferences, profile.preferences)
  } else if (keepKeys) writeFileSync(keptKeys(directory), secrets[file.associations]!, { mode: 0o600 })
  const written = [file.wire, file.opened, file.pods, file.associations, file.esp, file.preferences].filter(
    (name) => existsSync(join(directory, name)),
  )
  const evidence: Evidence = {
    format: 'wireproof-evidence',
    version: formatVersion,
    created: created.toISOString(),
    ...judgement,
    ...lab,
    played,
    recordings: recordings.map(({ arm, instrument, frames, problem }) => ({
      arm,
      instrument,
      frames: frames.length,
      ...(problem !== undefined && { problem }),
    })),
    withheld: sealedOnly
      ? Object.entries(secrets).map(([name, content]) => ({ name, sha256: hash('sha256', content) }))
      : [],
    files: written.map((name) => ({ ...digestOf(directory, name), keys: secretFiles.includes(name) })),
  }
  write(file.evidence, json(evidence))
  write(file.junit, junit(facts, judgement))
  write(file.report, renderReport(run, judgement, { created, sealedOnly, directory }))
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

function listed({ arm, before, after }: ArmAssociations): Associations {
  const list = (when: 'before' | 'after', sas: ArmAssociations['before']) =>
    sas.map((sa) => ({ arm, when, ...sa }))
  return [...list('before', before), ...list('after', after)]
}

/** Signs the digests of every file in the bundle: call it when nothing more will be written there. */
export function attestBundle(directory: string, privateKey: KeyObject): void {
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' })
  writeFileSync(join(directory, file.publicKey), publicKey)
  const evidence = JSON.parse(readFileSync(join(directory, file.evidence), 'utf8')) as Evidence
  const subjects = filesOf(directory)
    .filter((name) => name !== file.attestation)
    .map((name) => ({ name, digest: { sha256: digestOf(directory, name).sha256 } }))
  const envelope = seal(statement(claimedJudgement(evidence), subjects), privateKey)
  writeFileSync(join(directory, file.attestation), envelopeText(envelope))
}
