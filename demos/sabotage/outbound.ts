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
      id: `src ${sa.source} dst ${sa.destination} proto esp spi 0x${sa.spi.toString(16)}`,
    }))
}

/** Has `ip` do several things in one go; what it is told is not in its arguments, where anybody could read a key. */
export function runIp(lab: Lab, node: string, commands: readonly string[]): Promise<void> {
  return runIn(lab, node, ['ip', '-batch', '-'], `${commands.join('\n')}\n`)
}
