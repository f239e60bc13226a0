import { Argument, Command } from 'commander'
import { Problem } from '../lab/problem.ts'
import { labName } from './options.ts'

export const down = new Command('down')
  .description('take a lab down, whole or half-made, and leave nothing of it')
  .addArgument(new Argument('[lab]', 'may be left out when one is running').argParser(labName))
  .option('-a, --all', 'every lab')
  .action(async (lab: string | undefined, options: { all?: boolean }) => {
    const { killLeftovers, listKeepers } = await import('../lab/vm/keepers.ts')
    const { labsHere } = await import('../lab/netns/reap.ts')
    const { takeDown } = await import('../lab/netns/lifecycle.ts')
    const kept = (await listKeepers()).map((keeper) => keeper.lab)
    const all = [...new Set([...labsHere(), ...kept])].sort()
    if (!lab && !options.all && all.length > 1)
      throw new Problem(
        'ENOLAB',
        2,
        'more than one lab is running',
        `Say which, or --all: ${all.join(', ')}.`,
      )
    const chosen = lab ? [lab] : all
    for (const name of chosen) {
      await killLeftovers(name)
      await takeDown(name)
      process.stderr.write(all.includes(name) ? `lab ${name} is down\n` : `there was no lab ${name}\n`)
    }
    if (chosen.length === 0) process.stderr.write('no lab was running\n')
    if (!lab) await killLeftovers()
  })
