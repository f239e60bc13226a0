import { existsSync, readFileSync } from 'node:fs'
import { Command } from 'commander'
import { labOption } from './options.ts'
import { findLab, insideCommand, insideOptions } from './placement.ts'

export const logs = new Command('logs')
  .description('what the agents of a lab have logged')
  .argument('[node]', 'one node only')
  .addOption(labOption())
  .action(async (node: string | undefined, options: { lab?: string }) => {
    const { name, keeper } = await findLab(options.lab)
    if (keeper) {
      const command = insideCommand(['logs', '--lab', name, ...(node ? [node] : [])])
      process.exitCode = await keeper.run(command, insideOptions(keeper.description))
      return
    }
    const { openLab } = await import('../lab/netns/netns-lab.ts')
    const { agentLog } = await import('../lab/netns/layout.ts')
    const lab = openLab(name)
    for (const each of lab.nodeNames(node)) {
      const file = agentLog(name, each)
      if (!existsSync(file)) continue
      for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean))
        process.stdout.write(`${each}  ${line}\n`)
    }
  })
