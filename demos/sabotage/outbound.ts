import type { SecurityAssociation } from '../../agent/api.ts'
import type { Lab } from '../../lab/lab.ts'
import { runIn } from './run-in.ts'

/** The SAs that a node seals with, each with the words by which `ip xfrm state` knows it. */
export async function outboundOf(
  lab: Lab,
  node: string,
): Promise<readonly { readonly sa: SecurityAssociation; readonly id: string }[]> {
  const associations = await lab.securityAssociations(node)
  return associations
    .filter(({ direction }) => direction === 'out')
    .map((sa) => ({
      sa,
      id: idOf(sa),
    }))
}

const ahead = 1000n

/**
 * A sequence number to go on from: beyond what has been sent since the SA was read, which must not be used again, and what
 * a receiver has seen, whose replay window would refuse packets before it looked at their keys.
 */
export function beyond({ sequence }: SecurityAssociation): bigint {
  return BigInt(sequence) + ahead
}

/** The words by which `ip xfrm state` knows an SA. */
export function idOf({ source, destination, spi }: SecurityAssociation): string {
  return `src ${source} dst ${destination} proto esp spi 0x${spi.toString(16)}`
}

/** What an SA encrypts with, in the words of `ip xfrm state add`. @param keyOf what to give in a key's place. */
export function algorithmWords(
  { algorithm, key, icvBits, integrity }: SecurityAssociation,
  keyOf: (key: string) => string = (same) => same,
): string {
  const hex = (each: string) => `0x${keyOf(each)}`
  if (!integrity) return `aead ${algorithm} ${hex(key)} ${icvBits}`
  return `auth-trunc ${integrity.algorithm} ${hex(integrity.key)} ${icvBits} enc ${algorithm} ${hex(key)}`
}

/** Has `ip` do several things in one go; what it is told is not in its arguments, where anybody could read a key. */
export function runIp(lab: Lab, node: string, commands: readonly string[]): Promise<void> {
  return runIn(lab, node, ['ip', '-batch', '-'], `${commands.join('\n')}\n`)
}
