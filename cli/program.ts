import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { withSystemPrograms } from '../lab/vm/host.ts'
import { complain } from './complain.ts'
import { exitCode } from './exit-codes.ts'
import { survive } from './survive.ts'
import { verbs } from './verbs.ts'

const program = new Command('wireproof')
  .description('Stand up a transparently encrypting cluster, watch it, and prove what its wire carried.')
  .version(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version)
  .helpCommand(false)
  .showHelpAfterError('(--help lists what there is)')
  .addHelpText(
    'after',
    '\nExit codes: 0 proven or ok, 1 leak or failed check, 2 usage, 3 this machine cannot,\n4 the environment broke, 5 inconclusive.',
  )
  .exitOverride()

survive()
process.env.PATH = withSystemPrograms(process.env.PATH)

for (const verb of verbs) program.addCommand(verb.exitOverride())

try {
  await program.parseAsync()
} catch (error) {
  // Commander has shown its own complaint; help and version end well.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? exitCode.ok : exitCode.usage
  else process.exitCode = complain(error)
}
