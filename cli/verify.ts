import { Command } from 'commander'

interface VerifyOptions {
  readonly json?: boolean
  readonly key?: string
  readonly keys?: string
}

export const verify = new Command('verify')
  .description('recompute a verdict from an evidence bundle alone: no lab, no root, no kernel support')
  .argument('<bundle>', 'a directory under evidence/')
  .option('--key <signer>', 'who must have signed it: a public key in PEM, or its fingerprint')
  .option('--keys <sas.json>', 'the security associations of a bundle that was made with --sealed-only')
  .option('--json', 'as JSON')
  .action(async (bundle: string, { json, key, keys }: VerifyOptions) => {
    const { signerFingerprint } = await import('../demos/evidence/index.ts')
    const { printVerification } = await import('../demos/evidence/print-verification.ts')
    process.exitCode = await printVerification(bundle, {
      ...(json && { json }),
      ...(key !== undefined && { signer: signerFingerprint(key) }),
      ...(keys !== undefined && { keys }),
    })
  })
