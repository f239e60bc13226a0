import { Command } from 'commander'
import { labOption } from './options.ts'
import { findLab, insideCommand, insideOptions, interruptSignal } from './placement.ts'

export const exec = new Command('exec')
  .description('run a command in a node or a pod; its exit code is ours')
  .argument('<target>', 'a node, a pod, or wire')
  .argument('<command...>', 'after --')
  .addOption(labOption())
  .action(async (target: string, command: string[], options: { lab?: string }) => {
    const terminal = process.stdin.isTTY && process.stdout.isTTY
    process.exitCode = await runInTarget(target, command, options.lab, { terminal })
  })

/** Runs a command in a node or pod of a lab, wherever that lab is, with our own standard streams. */
export async function runInTarget(
  target: string,
  command: readonly string[],
  labName?: string,
  streams: { stdout?: NodeJS.WritableStream; terminal?: boolean } = {},
): Promise<number> {
  const { name, keeper } = await findLab(labName)
  if (keeper) {
    const signal = interruptSignal()
    const { columns, rows } = process.stdout
    return keeper.run(insideCommand(['exec', '--lab', name, target, '--', ...command]), {
      ...insideOptions(keeper.description, { signal }),
      stdin: process.stdin,
      ...(streams.stdout ? { stdout: streams.stdout } : {}),
      ...(streams.terminal && process.stdin.isTTY ? { terminal: { columns, rows } } : {}),
    })
  }
  const { openLab } = await import('../lab/netns/netns-lab.ts')
  const { runAttached } = await import('../lab/netns/attached.ts')
  return runAttached(openLab(name), target, command, streams.stdout)
}
