import { once } from 'node:events'
import { createWriteStream, type WriteStream } from 'node:fs'
import { Command } from 'commander'
import { bridge, podDevice } from '../lab/netns/layout.ts'
import { Problem } from '../lab/problem.ts'
import { runInTarget } from './exec.ts'
import { labOption } from './options.ts'
import { findLab } from './placement.ts'

interface CaptureOptions {
  readonly lab?: string
  readonly filter?: string
  readonly write?: string
  readonly count?: string
}

export const capture = new Command('capture')
  .description('look at the packets on the wire, or at a node’s or pod’s interface, until interrupted')
  .argument('<point>', 'wire, a node, or a pod')
  .option('-f, --filter <expression>', 'a tcpdump filter, such as "esp"')
  .option('-w, --write <file>', 'write a pcap file; - is standard output')
  .option('-c, --count <packets>', 'stop after so many')
  .addOption(labOption())
  .action(async (point: string, options: CaptureOptions) => {
    const device = point === 'wire' ? bridge : podDevice
    const argv = ['tcpdump', '-i', device, '-n', '-U', '--immediate-mode', '-Z', 'root']
    if (options.count) argv.push('-c', options.count)
    if (options.write) argv.push('-w', '-')
    else argv.push('-l', '-e')
    if (options.filter) argv.push(options.filter)
    if (!options.write || options.write === '-') {
      process.exitCode = await runInTarget(point, argv, options.lab)
      return
    }
    // Before the file is touched: a lab or point that does not exist must not cost what it held.
    const { name } = await findLab(options.lab)
    const file = createWriteStream(options.write)
    await opened(file, options.write)
    process.exitCode = await runInTarget(point, argv, name, { stdout: file })
    await new Promise((resolve) => file.end(resolve))
  })

async function opened(file: WriteStream, path: string): Promise<void> {
  try {
    await once(file, 'open')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new Problem(
      'EFILE',
      2,
      `${path} cannot be written: ${code}`,
      'Give --write a file that can be made.',
    )
  }
}
