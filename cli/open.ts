import { Command } from 'commander'

export const open = new Command('open')
  .description(
    'look at the sealed capture of a bundle decrypted: in Wireshark, or with the tshark line that is printed',
  )
  .argument('<bundle>', 'a directory under evidence/')
  .option('--keys <sas.json>', 'the security associations of a bundle that was made with --sealed-only')
  .option('--print', 'print the tshark line, also where Wireshark could be started')
  .action(async (bundle: string, options: { keys?: string; print?: boolean }) => {
    const { openBundle } = await import('../demos/evidence/open.ts')
    process.exitCode = await openBundle(bundle, options)
  })
