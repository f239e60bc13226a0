import { randomBytes } from 'node:crypto'
import type { SecurityAssociation } from '../../agent/api.ts'
import { behindItsBack } from './behind-its-back.ts'
import { outboundOf, runIp } from './outbound.ts'
import type { Sabotage } from './sabotage.ts'

/** Beyond what a receiver has seen: its replay window would refuse the packets before it looked at their keys. */
const ahead = 1000

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
          `xfrm state add ${id} reqid ${sa.reqid} mode ${sa.mode} replay-oseq ${sa.sequence + ahead} aead ${sa.algorithm} 0x${freshKey(sa)} ${sa.icvBits}`,
        ]),
      )
    }),
}

function freshKey({ key }: SecurityAssociation): string {
  return randomBytes(key.length / 2).toString('hex')
}
