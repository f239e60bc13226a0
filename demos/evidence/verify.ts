import { createPublicKey, type KeyObject } from 'node:crypto'
import { join } from 'node:path'
import { SaError } from 'tcpdump-parse'
import { Problem } from '../../lab/problem.ts'
import { type Judgement, judge, keylessChecks, observe, type Verdict } from '../proof/index.ts'
import { type Envelope, envelopeText, fingerprint, type Statement, unseal } from './attestation.ts'
import { digestOf, filesOf } from './digest.ts'
import { claimedJudgement, file } from './format.ts'
import {
  type Bundle,
  corrupt,
  type ReadBundleOptions,
  readBundle,
  readFile,
  requireBundle,
} from './read-bundle.ts'

export interface VerifyOptions extends ReadBundleOptions {
  /** Fingerprint of the key that must have signed the bundle. */
  readonly signer?: string
}

export interface Verification {
  /** Recomputed; what the bundle claims is in `differences` when it is not the same. */
  readonly verdict: Verdict
  readonly judgement: Judgement
  /** Each begins with the file it is about; empty when the bundle is what it claims to be. */
  readonly differences: readonly string[]
  /** Fingerprint of the key that signed the bundle: who made it is for the reader to know. */
  readonly signedBy: string
  /** Whether the bundle was made without keys and none were shown: then only some of the checks could be made again. */
  readonly keysWithheld: boolean
}

/**
 * Recomputes every check and the verdict of a bundle from its captures, security associations and the facts of the run,
 * and compares with what it claims; checks every digest and the signature.
 *
 * @throws Problem naming the file when the directory is no bundle, or is too damaged to judge.
 */
export async function verifyBundle(
  directory: string,
  { signer, keys }: VerifyOptions = {},
): Promise<Verification> {
  requireBundle(directory)
  const { signedBy, differences } = checkAttestation(directory, signer)
  const bundle = await readBundle(directory, keys === undefined ? {} : { keys }).catch((error: unknown) => {
    // A file that no longer has the digest that was signed explains why it cannot be read.
    if (differences[0] === undefined || !(error instanceof Problem)) throw error
    throw new Problem(error.code, error.exitCode, `${differences[0]} (${error.message})`, error.remedy)
  })
  const judgement = judgeBundle(bundle)
  const keysWithheld = bundle.material.keysWithheld ?? false
  return {
    verdict: judgement.verdict,
    judgement,
    differences: [
      ...differences,
      ...bundle.complaints,
      ...digestDifferences(directory, bundle),
      ...claimDifferences(claimedJudgement(bundle.evidence), judgement, keysWithheld),
    ].filter((text, index, all) => all.indexOf(text) === index),
    signedBy,
    keysWithheld,
  }
}

function judgeBundle({ material }: Bundle): Judgement {
  try {
    return judge(observe(material))
  } catch (error) {
    if (error instanceof SaError) throw corrupt(file.associations, error.message)
    if (error instanceof RangeError) throw corrupt(file.evidence, error.message)
    throw error
  }
}

function checkAttestation(
  directory: string,
  signer: string | undefined,
): { signedBy: string; differences: string[] } {
  const publicKey = readPublicKey(directory)
  const signedBy = fingerprint(publicKey)
  const content = readEnvelope(directory, publicKey)
  const differences: string[] = []
  if (signer !== undefined && signer !== signedBy)
    differences.push(`${file.attestation}: signed by ${signedBy}, and not by ${signer}`)
  const attested = new Map(content.subject.map(({ name, digest }) => [name, digest.sha256]))
  const present = filesOf(directory).filter((name) => name !== file.attestation)
  for (const [name, sha256] of attested) {
    if (!present.includes(name)) differences.push(`${name}: attested, and not in the bundle`)
    else if (digestOf(directory, name).sha256 !== sha256)
      differences.push(`${name}: not the file that was attested`)
  }
  for (const name of present) if (!attested.has(name)) differences.push(`${name}: not attested`)
  return { signedBy, differences }
}

function readPublicKey(directory: string): KeyObject {
  const pem = readFile(join(directory, file.publicKey), file.publicKey)
  try {
    const key = createPublicKey(pem)
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch {
    // Said below for every way in which it is not one.
  }
  throw corrupt(file.publicKey, 'not an Ed25519 public key')
}

function readEnvelope(directory: string, publicKey: KeyObject): Statement {
  const text = readFile(join(directory, file.attestation), file.attestation).toString('utf8')
  const envelope = parseEnvelope(text)
  if (envelopeText(envelope) !== text)
    throw corrupt(file.attestation, 'not written as this project writes envelopes')
  const content = unseal(envelope, publicKey)
  const sameKey = envelope.signatures[0]?.keyid === fingerprint(publicKey)
  if (content && sameKey) return content
  throw content || sameKey
    ? corrupt(file.attestation, 'the signature does not verify')
    : corrupt(file.publicKey, `not the key that signed ${file.attestation}`)
}

function parseEnvelope(text: string): Envelope {
  try {
    const value = JSON.parse(text) as Envelope
    const [signature] = value.signatures
    const strings = [value.payloadType, value.payload, signature?.keyid, signature?.sig]
    if (strings.every((each) => typeof each === 'string')) return value
  } catch {
    // Said below for every way in which it is not one.
  }
  throw corrupt(file.attestation, 'not a DSSE envelope')
}

function digestDifferences(directory: string, { evidence }: Bundle): string[] {
  return evidence.files.flatMap(({ name, sha256 }) => {
    if (!filesOf(directory).includes(name))
      return [`${name}: listed in ${file.evidence}, and not in the bundle`]
    return digestOf(directory, name).sha256 === sha256
      ? []
      : [`${name}: not the file whose digest is in ${file.evidence}`]
  })
}

/** Without keys only what can be said without them is compared. */
function claimDifferences(claimed: Judgement, recomputed: Judgement, keysWithheld: boolean): string[] {
  const differences: string[] = []
  const found = keysWithheld
    ? { ...claimed, checks: recomputed.checks.filter(({ id }) => keylessChecks.includes(id)) }
    : recomputed
  if (claimed.verdict !== found.verdict)
    differences.push(`${file.evidence}: claims ${claimed.verdict}, and the captures say ${found.verdict}`)
  for (const result of found.checks) {
    const claim = claimed.checks.find(({ arm, id }) => arm === result.arm && id === result.id)
    const name = `${result.arm}/${result.id}`
    if (!claim) differences.push(`${file.evidence}: does not claim ${name}`)
    else if (claim.state !== result.state)
      differences.push(
        `${file.evidence}: claims "${claim.state}" for ${name}, and the captures say "${result.state}": ${result.says}`,
      )
    else if (JSON.stringify(sorted(claim)) !== JSON.stringify(sorted(result)))
      differences.push(`${file.evidence}: ${name} has other numbers: ${result.says}`)
  }
  if (
    !keysWithheld &&
    differences.length === 0 &&
    JSON.stringify(sorted(claimed)) !== JSON.stringify(sorted(found))
  )
    differences.push(`${file.evidence}: the judgement is not the one the captures give`)
  return differences
}

/** The same value with its properties in the order of their names. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)]),
  )
}
