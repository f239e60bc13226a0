import { Command } from 'commander'

export const kernel = new Command('kernel').description(
  'the kernel that labs boot where this machine’s own has no ESP',
)

kernel
  .command('build')
  .description(
    'make our own User-Mode Linux 7.2 from Debian’s source (BTF, WireGuard, netkit); about half an hour',
  )
  .action(async () => {
    const { buildKernel } = await import('../lab/vm/build-kernel.ts')
    await buildKernel((line) => process.stderr.write(`${line}\n`))
  })
