import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { Problem } from '../../lab/problem.ts'
import { fingerprint } from './attestation.ts'
import { makeDirectory } from './make-directory.ts'

export function signingKeyFile(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'wireproof', 'signing-key.pem')
}

/** A key that the user has chosen: one that is not there is a mistake. @throws Problem */
export function chosenSigningKey(path: string): KeyObject {
  const found = read(path)
  if (found === undefined)
    throw new Problem(
      'ESIGNINGKEY',
      2,
      `there is no signing key at ${path}`,
      'Give an Ed25519 private key in PEM.',
    )
  return parse(path, found)
}

/**
 * The fingerprint of whoever is to have signed: given as it is, or by a public key in PEM.
 *
 * @throws Problem for what is neither.
 */
export function signerFingerprint(value: string): string {
  if (/^[0-9a-f]{64}$/i.test(value)) return value.toLowerCase()
  try {
    return fingerprint(createPublicKey(readFileSync(value)))
  } catch {
    throw new Problem(
      'EUSAGE',
      2,
      `${value} is neither a fingerprint nor a public key`,
      'Give 64 hexadecimal digits, or a file such as attestation.pub that you had from the signer.',
    )
  }
}

/** The user's key for attestations, made at first use, readable by its owner only. Ed25519. */
export function signingKey(path: string = signingKeyFile()): KeyObject {
  const found = read(path)
  if (found !== undefined) return parse(path, found)
  make(path)
  return parse(path, read(path) ?? '')
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw unusable(path, (error as NodeJS.ErrnoException).code ?? 'unreadable')
  }
}

/** Written whole under another name and then linked, so that of two who start at once both read the same key. */
function make(path: string): void {
  const { privateKey } = generateKeyPairSync('ed25519')
  const fresh = `${path}.${process.pid}`
  try {
    makeDirectory(dirname(path), 0o700)
    const descriptor = openSync(fresh, 'wx', 0o600)
    try {
      writeSync(descriptor, privateKey.export({ type: 'pkcs8', format: 'pem' }) as string)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    linkSync(fresh, path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EEXIST') throw unusable(path, code ?? 'not writable')
  } finally {
    rmSync(fresh, { force: true })
  }
}

function parse(path: string, pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem)
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch {
    // What the parser says could quote the key.
  }
  throw unusable(path, 'not an Ed25519 private key')
}

function unusable(path: string, why: string): Problem {
  return new Problem(
    'ESIGNINGKEY',
    4,
    `the signing key ${path} cannot be used: ${why}`,
    'Remove the file to have a new key made, or point XDG_CONFIG_HOME elsewhere.',
  )
}
