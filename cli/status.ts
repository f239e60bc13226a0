import { Command } from 'commander'
import type { NetnsLab } from '../lab/netns/netns-lab.ts'
import { exitCode } from './exit-codes.ts'
import { labOption } from './options.ts'
import { findLab, insideCommand, insideOptions, interruptSignal } from './placement.ts'
import { isHealthy, type NodeAnswer } from './status/findings.ts'
import { clusterOverview, coloured, nodeOverview, plain } from './status/overview.ts'
import { terminal } from './terminal.ts'

/** An agent that has not answered for so many milliseconds is taken not to. */
const patience = 5000

export const status = new Command('status')
  .description('whether every node encrypts, strictly, with whom and under which keys, and what is wrong')
  .argument('[node]', 'one node, with its peers')
  .option('--json', 'what the agents answered')
  .addOption(labOption())
  .action(async (node: string | undefined, options: { lab?: string; json?: boolean }) => {
    const { name, keeper } = await findLab(options.lab)
    if (keeper) {
      const more = [...(node === undefined ? [] : [node]), ...(options.json ? ['--json'] : [])]
      const inside = insideOptions(keeper.description, { signal: interruptSignal() })
      process.exitCode = await keeper.run(insideCommand(['status', '--lab', name, ...more]), inside)
      return
    }
    const { openLab } = await import('../lab/netns/netns-lab.ts')
    const lab = openLab(name)
    const answers = await Promise.all(lab.nodeNames(node).map((each) => ask(lab, each)))
    process.stdout.write(options.json ? `${JSON.stringify(answers)}\n` : overview(name, node, answers))
    process.exitCode = answers.every(isHealthy) ? exitCode.ok : exitCode.failed
  })

function overview(lab: string, node: string | undefined, answers: readonly NodeAnswer[]): string {
  const paint = terminal().isThere && !process.env.NO_COLOR ? coloured : plain
  return node === undefined
    ? clusterOverview(lab, answers, Date.now(), paint)
    : nodeOverview(answers[0]!, Date.now(), paint)
}

/** An agent that hangs is as good as none. */
export async function ask(lab: Pick<NetnsLab, 'status'>, node: string): Promise<NodeAnswer> {
  try {
    return { node, status: await lab.status(node, AbortSignal.timeout(patience)) }
  } catch (error) {
    const { name, message } = error as Error
    const problem = /^(AbortError|TimeoutError)$/.test(name) ? 'its agent hangs' : message
    return { node, problem }
  }
}
