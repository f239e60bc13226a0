import { randomBytes } from 'node:crypto'
import type { SecurityAssociation } from '../../agent/api.ts'
import { reqidOf } from '../../agent/plan/ownership.ts'
import { behindItsBack } from './behind-its-back.ts'
import { outboundOf, runIp } from './outbound.ts'
import { type Sabotage, sabotageFailed } from './sabotage.ts'

/** Beyond what a receiver has seen: its replay window would refuse the packets before it looked at their keys. */
const ahead = 1000

/** The node goes on encrypting, with keys that only the saboteur knows. */
export const wrongKey: Sabotage = {
  kind: 'wrong-key',
  concerns: 'node',
  title: ({ node }) => `On ${node.name} the agent hangs, and its outbound SAs have a stranger’s keys`,
  commit: ({ lab, target: { node } }) =>
    behindItsBack(lab, node.name, async () => {
      const nodes = await lab.nodes()
      const reqid = ({ destination }: SecurityAssociation) => {
        const peer = nodes.find(({ underlay }) => underlay === destination)
        if (!peer) throw sabotageFailed(`${node.name} has an SA to ${destination}, which is no node`)
        return reqidOf(peer.id)
      }
      const outbound = await outboundOf(lab, node.name)
      await runIp(
        lab,
        node.name,
        outbound.flatMap(({ sa, id }) => [
          // An update would keep the old key.
          `xfrm state delete ${id}`,
          `xfrm state add ${id} reqid ${reqid(sa)} mode ${sa.mode} replay-oseq ${sa.packets + ahead} aead ${sa.algorithm} 0x${freshKey(sa)} ${sa.icvBits}`,
        ]),
      )
    }),
}

function freshKey({ key }: SecurityAssociation): string {
  return randomBytes(key.length / 2).toString('hex')
}
