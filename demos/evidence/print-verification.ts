import { styleText } from 'node:util'
import { expectedState, keylessChecks, verdictExitCode } from '../proof/index.ts'
import { type Verification, type VerifyOptions, verifyBundle } from './verify.ts'

export interface PrintOptions extends VerifyOptions {
  readonly json?: boolean
  readonly output?: NodeJS.WritableStream
}

/**
 * Verifies a bundle and says what came of it.
 *
 * @returns the exit code: that of the recomputed verdict, or 1 where the bundle is not what it claims to be.
 */
export async function printVerification(directory: string, options: PrintOptions = {}): Promise<number> {
  const output = options.output ?? process.stdout
  const verification = await verifyBundle(directory, options)
  output.write(options.json ? `${JSON.stringify(verification, null, 2)}\n` : describe(verification, output))
  return verification.differences.length > 0 ? 1 : verdictExitCode[verification.verdict]
}

const colours = { PROVEN: 'green', LEAK: 'red', INCONCLUSIVE: 'yellow' } as const

function describe(
  { verdict, judgement, differences, signedBy, keysWithheld }: Verification,
  output: NodeJS.WritableStream,
): string {
  const stream = output as NodeJS.WriteStream
  const paint = (colour: 'green' | 'red' | 'yellow' | 'dim', text: string) =>
    styleText(colour, text, { stream })
  const widest = Math.max(...judgement.checks.map(({ arm }) => arm.length), 0)
  const lines = judgement.checks.map((result) => {
    const expected = expectedState(result.arm, result.id)
    const mark =
      result.state === expected
        ? paint('green', '✓')
        : result.state === 'inconclusive'
          ? paint('yellow', '?')
          : paint('red', '✗')
    const asItMust = expected === 'fails' && result.state === expected ? 'Fails, as it must: ' : ''
    return `${mark} ${result.arm.padEnd(widest)} ${result.id.padEnd(17)} ${asItMust}${result.says}`
  })
  lines.push('', `${paint(colours[verdict], verdict)}, recomputed from the captures. ${judgement.says}`)
  if (keysWithheld) {
    const again = judgement.checks.filter(({ id }) => keylessChecks.includes(id)).length
    lines.push(
      `The keys are withheld: ${again} of ${judgement.checks.length} checks were made again, the others rest on the signature. Show the security associations with --keys.`,
    )
  }
  if (differences.length === 0) lines.push(`Every file is as it was attested, by the key ${signedBy}.`)
  else {
    lines.push(paint('red', 'The bundle is not what it claims to be:'))
    lines.push(...differences.map((difference) => `  ${difference}`))
  }
  return `${lines.join('\n')}\n`
}
