import { Command } from 'commander'
import { runInTarget } from './exec.ts'
import { labOption } from './options.ts'

export const shell = new Command('shell')
  .description('a shell in a node or a pod')
  .argument('<target>', 'a node, a pod, or wire')
  .addOption(labOption())
  .action(async (target: string, options: { lab?: string }) => {
    process.exitCode = await runInTarget(target, ['bash', '--norc', '-i'], options.lab, { terminal: true })
  })
