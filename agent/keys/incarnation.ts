import { randomBytes } from 'node:crypto'

/**
 * A life of a node's keys: a random number that every key towards and from the node is derived from. It is kept over a
 * restart of the agent, because the kernel's associations live on and count on.
 */
export function newIncarnation(): string {
  return randomBytes(16).toString('hex')
}

/** Which keys of the present incarnation have been, or are about to be, given to the kernel. On disk before they are. */
export interface Journal {
  readonly incarnation: string
  /** Fingerprints. */
  readonly used: ReadonlySet<string>
}

/** A key that is in the kernel now. */
export interface KeyInUse {
  readonly fingerprint: string
  /** Whether it has protected as much as its suite allows; see suite.ts. */
  readonly isWornOut: boolean
}

/**
 * Whether the node must begin a new incarnation before it installs `wanted`.
 *
 * A new association starts with sequence number 1 and an empty replay window. AES-GCM takes its nonce from the sequence
 * number, so a key that was in the kernel, and is not any more, would encrypt other packets under nonces it has used:
 * that gives away the difference of the plaintexts and the authentication key. On the receiving side it would accept
 * recorded packets again. So no key is ever installed twice: after a reboot, a flush, or the removal and return of a
 * peer, all keys of the node are made anew.
 */
export function mustBeginAnew(
  journal: Journal,
  wanted: readonly string[],
  installed: readonly KeyInUse[],
): boolean {
  const present = new Set(installed.map((use) => use.fingerprint))
  return (
    wanted.some((fingerprint) => journal.used.has(fingerprint) && !present.has(fingerprint)) ||
    installed.some((use) => journal.used.has(use.fingerprint) && use.isWornOut)
  )
}
