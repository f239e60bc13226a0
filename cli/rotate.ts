import { Command, Option } from 'commander'
import { duration } from './duration.ts'
import { countArgument, labOption } from './options.ts'
import { findLab, insideCommand, insideOptions, interruptSignal } from './placement.ts'

interface RotateOptions {
  readonly lab?: string
  readonly every?: number
  readonly packets?: number
  readonly bytes?: number
}

export const rotate = new Command('rotate')
  .description('give a lab’s cluster a fresh key, without losing a packet; once, or whenever it is due')
  .addOption(labOption())
  .addOption(
    new Option('--every <duration>', 'stay, and replace a key that is so old, such as 1h').argParser(
      duration,
    ),
  )
  .addOption(
    new Option('--packets <number>', 'stay, and replace a key of which one SA has carried so many').argParser(
      countArgument,
    ),
  )
  .addOption(new Option('--bytes <number>', 'the same in bytes').argParser(countArgument))
  .action(async (options: RotateOptions) => {
    const { name, keeper } = await findLab(options.lab)
    if (keeper) {
      const inside = insideOptions(keeper.description, { signal: interruptSignal() })
      process.exitCode = await keeper.run(insideCommand(['rotate', '--lab', name, ...words(options)]), inside)
      return
    }
    const { openLab } = await import('../lab/netns/netns-lab.ts')
    const lab = openLab(name)
    const { every: age, packets, bytes } = options
    if (age === undefined && packets === undefined && bytes === undefined) {
      const { from, to } = await lab.rotateKey()
      process.stdout.write(`lab ${name}: every node sends under key ${to}, in place of key ${from}\n`)
      return
    }
    const { keepRotating } = await import('../lab/netns/rotation.ts')
    const limits = {
      ...(age === undefined ? {} : { age }),
      ...(packets === undefined ? {} : { packets }),
      ...(bytes === undefined ? {} : { bytes }),
    }
    await keepRotating(
      lab,
      limits,
      (line) => process.stdout.write(`lab ${name}: ${line}\n`),
      interruptSignal(),
    )
  })

function words({ every, packets, bytes }: RotateOptions): string[] {
  return [
    ...(every === undefined ? [] : ['--every', `${every}ms`]),
    ...(packets === undefined ? [] : ['--packets', `${packets}`]),
    ...(bytes === undefined ? [] : ['--bytes', `${bytes}`]),
  ]
}
