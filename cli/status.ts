import { Command } from 'commander'
import type { Observed } from '../lab/kubernetes/observed-cluster.ts'
import { findAgents } from './agents.ts'
import { exitCode } from './exit-codes.ts'
import { agentsOption } from './options.ts'
import { insideCommand, insideOptions, interruptSignal } from './placement.ts'
import { isHealthy, type NodeAnswer } from './status/findings.ts'
import { clusterOverview, coloured, nodeOverview, plain } from './status/overview.ts'
import { terminal } from './terminal.ts'

/** An agent that has not answered for so many milliseconds is taken not to. */
const patience = 5000

export const status = new Command('status')
  .description('whether every node encrypts, strictly, with whom and under which keys, and what is wrong')
  .argument('[node]', 'one node, with its peers')
  .option('--json', 'what the agents answered')
  .addOption(agentsOption())
  .action(async (node: string | undefined, options: { lab?: string; json?: boolean }) => {
    const agents = await findAgents(options.lab)
    const { name } = agents
    if (agents.keeper) {
      const { keeper } = agents
      const more = [...(node === undefined ? [] : [node]), ...(options.json ? ['--json'] : [])]
      const inside = insideOptions(keeper.description, { signal: interruptSignal() })
      process.exitCode = await keeper.run(insideCommand(['status', '--lab', name, ...more]), inside)
      return
    }
    const { lab } = agents
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
export async function ask(lab: Pick<Observed, 'status'>, node: string): Promise<NodeAnswer> {
  try {
    return { node, status: await lab.status(node, AbortSignal.timeout(patience)) }
  } catch (error) {
    const { name, message } = error as Error
    const problem = /^(AbortError|TimeoutError)$/.test(name) ? 'its agent hangs' : message
    return { node, problem }
  }
}
