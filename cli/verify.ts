import { Command } from 'commander'

export const verify = new Command('verify')
  .description('recompute a verdict from an evidence bundle alone: no lab, no root, no kernel support')
  .argument('<bundle>', 'a directory under evidence/')
  .option('--json', 'as JSON')
  .action(async (bundle: string, options: { json?: boolean }) => {
    const { printVerification } = await import('../demos/evidence/print-verification.ts')
    process.exitCode = await printVerification(bundle, options)
  })
