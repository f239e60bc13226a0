import { randomBytes } from 'node:crypto'
import type { SecurityAssociation } from '../../agent/api.ts'
import { behindItsBack } from './behind-its-back.ts'
import { outboundOf, runIp } from './outbound.ts'
import type { Sabotage } from './sabotage.ts'

/** Beyond what a receiver has seen: its replay window would refuse the packets before it looked at their keys. */
const ahead = 1000n

/** The node goes on encrypting, with keys that only the saboteur knows. */
export const wrongKey: Sabotage = {
  kind: 'wrong-key',
  concerns: 'node',
  title: ({ node }) => `On ${node.name} the agent hangs, and its outbound SAs have a stranger’s keys`,
  commit: ({ lab, target: { node } }) =>
    behindItsBack(lab, node.name, async () => {
      const outbound = await outboundOf(lab, node.name)
      await runIp(
        lab,
        node.name,
        outbound.flatMap(({ sa, id }) => [
          // An update would keep the old key.
          `xfrm state delete ${id}`,
          `xfrm state add ${id} reqid ${sa.reqid} mode ${sa.mode} ${numbering(sa)} ${strangersKeys(sa)}`,
        ]),
      )
    }),
}

function numbering({ sequence, esn }: SecurityAssociation): string {
  const next = BigInt(sequence) + ahead
  if (!esn) return `replay-oseq ${next}`
  return `replay-window 1 flag esn replay-oseq ${next & 0xffff_ffffn} replay-oseq-hi ${next >> 32n}`
}

function strangersKeys({ algorithm, key, icvBits, integrity }: SecurityAssociation): string {
  if (!integrity) return `aead ${algorithm} ${fresh(key)} ${icvBits}`
  return `auth-trunc ${integrity.algorithm} ${fresh(integrity.key)} ${icvBits} enc ${algorithm} ${fresh(key)}`
}

/** As long as the one it replaces. */
function fresh(key: string): string {
  return `0x${randomBytes(key.length / 2).toString('hex')}`
}
