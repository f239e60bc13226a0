import { behindItsBack } from './behind-its-back.ts'
import { outboundOf, runIp } from './outbound.ts'
import type { Sabotage } from './sabotage.ts'

/** The policies still say that packets must be encrypted, and nothing is left to encrypt them with. */
export const saDeleted: Sabotage = {
  kind: 'sa-deleted',
  concerns: 'node',
  title: ({ node }) => `On ${node.name} the agent hangs, and its outbound SAs are gone`,
  commit: ({ lab, target: { node } }) =>
    behindItsBack(lab, node.name, async () => {
      const outbound = await outboundOf(lab, node.name)
      await runIp(
        lab,
        node.name,
        outbound.map(({ id }) => `xfrm state delete ${id}`),
      )
    }),
}
