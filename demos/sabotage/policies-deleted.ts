import { behindItsBack } from './behind-its-back.ts'
import { runIn } from './run-in.ts'
import type { Sabotage } from './sabotage.ts'

/** Nothing tells the kernel to encrypt any more. */
export const policiesDeleted: Sabotage = {
  kind: 'policies-deleted',
  concerns: 'node',
  title: ({ node }) => `On ${node.name} the agent hangs, and its outbound IPsec policies are gone`,
  commit: ({ lab, target: { node } }) =>
    behindItsBack(lab, node.name, () =>
      runIn(lab, node.name, ['ip', 'xfrm', 'policy', 'deleteall', 'dir', 'out']),
    ),
}
