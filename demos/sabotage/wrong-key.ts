import { randomBytes } from 'node:crypto'
import type { SecurityAssociation } from '../../agent/api.ts'
import { behindItsBack } from './behind-its-back.ts'
import { algorithmWords, beyond, outboundOf, runIp } from './outbound.ts'
import type { Sabotage } from './sabotage.ts'

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
          `xfrm state add ${id} reqid ${sa.reqid} mode ${sa.mode} ${numbering(sa)} ${algorithmWords(sa, fresh)}`,
        ]),
      )
    }),
}

function numbering(sa: SecurityAssociation): string {
  const { esn } = sa
  const next = beyond(sa)
  if (!esn) return `replay-oseq ${next}`
  return `replay-window 1 flag esn replay-oseq ${next & 0xffff_ffffn} replay-oseq-hi ${next >> 32n}`
}

/** As long as the one it replaces. */
function fresh(key: string): string {
  return randomBytes(key.length / 2).toString('hex')
}
