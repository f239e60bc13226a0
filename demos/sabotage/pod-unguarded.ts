import { behindItsBack } from './behind-its-back.ts'
import { runIn } from './run-in.ts'
import type { Sabotage } from './sabotage.ts'

/** What guards one pod is taken off: nothing marks its packets for encryption any more, nor looks at where they come from. */
export const podUnguarded: Sabotage = {
  kind: 'pod-unguarded',
  concerns: 'pod',
  title: ({ node, pods }) =>
    `On ${node.name} the agent hangs, and its program at pod ${pods.map(({ name }) => name).join(', ')} is gone`,
  commit: ({ lab, target: { node, pods } }) =>
    behindItsBack(lab, node.name, async () => {
      for (const { name } of pods)
        await runIn(lab, node.name, ['tc', 'filter', 'delete', 'dev', await lab.podPort(name), 'ingress'])
    }),
}
