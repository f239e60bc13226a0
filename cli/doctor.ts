import { styleText } from 'node:util'
import { Command } from 'commander'
import { exitCode } from './exit-codes.ts'

export const doctor = new Command('doctor')
  .description('what this machine can do, and how to mend what it cannot')
  .option('--json', 'as JSON')
  .action(async (options: { json?: boolean }) => {
    const { examine } = await import('../lab/doctor/examine.ts')
    const findings = await examine()
    if (options.json) process.stdout.write(`${JSON.stringify(findings)}\n`)
    else {
      for (const { what, ok, detail, remedy } of findings) {
        const mark = ok ? styleText('green', 'yes') : styleText('yellow', 'no ')
        process.stdout.write(
          `${mark}  ${what.padEnd(24)} ${detail}\n${!ok && remedy ? `${' '.repeat(30)}${remedy}\n` : ''}`,
        )
      }
    }
    const kernel = findings.find(({ what }) => what === 'kernel for labs')
    process.exitCode = kernel?.ok ? exitCode.ok : exitCode.cannot
  })
