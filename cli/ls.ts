import { Command } from 'commander'
import type { KernelDescription } from '../lab/kernel.ts'
import { enclosingKernel, insideCommand, insideOptions } from './placement.ts'
import { table } from './table.ts'

interface Row {
  readonly name: string
  readonly kernel: string
  readonly nodes: number
  readonly pods: number
}

export const ls = new Command('ls')
  .description('list the labs that run')
  .option('--json', 'as JSON')
  .action(async (options: { json?: boolean }) => {
    const rows = [...(await labsInThisKernel()), ...(await labsInKeptKernels())]
    if (options.json) process.stdout.write(`${JSON.stringify(rows)}\n`)
    else if (rows.length === 0) process.stdout.write('no lab is running; wireproof up stands one up\n')
    else {
      const cells = rows.map((row) => [row.name, row.kernel, `${row.nodes}`, `${row.pods}`])
      process.stdout.write(table(['lab', 'kernel', 'nodes', 'pods'], cells))
    }
  })

async function labsInThisKernel(): Promise<Row[]> {
  const { labsHere } = await import('../lab/netns/reap.ts')
  const { Store } = await import('../lab/netns/store.ts')
  const kernel = enclosingKernel()
  return labsHere().map((name) => {
    const store = new Store(name)
    return {
      name,
      kernel: kernel ? describe(kernel) : 'host',
      nodes: store.nodes().length,
      pods: store.pods().length,
    }
  })
}

async function labsInKeptKernels(): Promise<Row[]> {
  if (enclosingKernel()) return []
  const { connectKeeper, listKeepers } = await import('../lab/vm/keepers.ts')
  const rows = (await listKeepers()).map(async ({ lab }): Promise<Row[]> => {
    const keeper = await connectKeeper(lab)
    const { PassThrough } = await import('node:stream')
    const { text } = await import('node:stream/consumers')
    const stdout = new PassThrough()
    const output = text(stdout)
    await keeper.run(insideCommand(['ls', '--json']), { ...insideOptions(keeper.description), stdout })
    stdout.end()
    return JSON.parse(await output) as Row[]
  })
  return (await Promise.all(rows)).flat()
}

function describe(kernel: KernelDescription): string {
  return `${kernel.kind} ${kernel.release}`
}
