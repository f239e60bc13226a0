import { Command } from 'commander'
import { labOption } from './options.ts'
import { findLab, insideCommand, insideOptions, interruptSignal } from './placement.ts'

export const rotate = new Command('rotate')
  .description('give a lab’s cluster a fresh key, without losing a packet')
  .addOption(labOption())
  .action(async (options: { lab?: string }) => {
    const { name, keeper } = await findLab(options.lab)
    if (keeper) {
      const inside = insideOptions(keeper.description, { signal: interruptSignal() })
      process.exitCode = await keeper.run(insideCommand(['rotate', '--lab', name]), inside)
      return
    }
    const { openLab } = await import('../lab/netns/netns-lab.ts')
    const { from, to } = await openLab(name).rotateKey()
    process.stdout.write(`lab ${name}: every node sends under key ${to}, in place of key ${from}\n`)
  })
