import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { Command } from 'commander'
import { Problem } from '../lab/problem.ts'
import { labOption } from './options.ts'
import { findLab, insideCommand, insideOptions, interruptSignal } from './placement.ts'

export const apply = new Command('apply')
  .description('put the policies of a file in force in a lab, in place of those it has')
  .argument('<file>', 'NetworkPolicy and EncryptionPolicy documents in YAML; - for standard input')
  .addOption(labOption())
  .action(async (file: string, options: { lab?: string }) => {
    const content = await read(file)
    const { sortPolicies } = await import('./apply/documents.ts')
    const { network, encryption, counts } = sortPolicies(file === '-' ? 'standard input' : file, content)
    const { name, keeper } = await findLab(options.lab)
    if (keeper) {
      process.exitCode = await keeper.run(insideCommand(['apply', '--lab', name, '-']), {
        ...insideOptions(keeper.description, { signal: interruptSignal() }),
        stdin: Readable.from([content]),
      })
      return
    }
    const { openLab } = await import('../lab/netns/netns-lab.ts')
    const lab = openLab(name)
    await lab.setPolicies(network)
    await lab.setEncryptionPolicies(encryption)
    process.stdout.write(
      `lab ${name}: in force on every node: ${plural(counts.network, 'network policy', 'network policies')}, ` +
        `${plural(counts.encryption, 'encryption policy', 'encryption policies')}\n`,
    )
    const problems = await Promise.all(
      (await lab.nodes()).map(async (node) => (await lab.status(node.name)).problems),
    )
    for (const problem of new Set(problems.flat())) process.stderr.write(`${problem}\n`)
  })

async function read(file: string): Promise<string> {
  if (file === '-') return text(process.stdin)
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`
    throw new Problem(
      'EPOLICY',
      2,
      `the policies ${file}: the file ${why}`,
      'Name a YAML file, or - for stdin.',
    )
  }
}

function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`
}
