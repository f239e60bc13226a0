import { Command } from 'commander'
import { interruptSignal } from './placement.ts'
import { report } from './report.ts'
import { table } from './table.ts'

export const images = new Command('images').description(
  'the container images that clusters run: the agent’s, the demos’ pods’, and kind’s nodes’ where no registry is in reach',
)

images
  .command('build')
  .description('build images into this user’s cache, from packages alone')
  .argument('[image...]', 'agent, workload, node; all where none is named')
  .option('--offline', 'build the node image too, even where an image registry can be reached')
  .option('--json', 'what was built, as JSON')
  .action(
    async (kinds: string[], { offline = false, json = false }: { offline?: boolean; json?: boolean }) => {
      const [{ buildImage }, { planOf }, { registryInReach }] = await Promise.all([
        import('../images/build.ts'),
        import('../images/plan.ts'),
        import('../images/registry.ts'),
      ])
      const mayNeedRegistry = kinds.length === 0 || kinds.includes('node')
      const { build, notes } = planOf(
        { kinds, offline },
        !offline && mayNeedRegistry && (await registryInReach()),
      )
      for (const note of notes) report(note)
      const signal = interruptSignal()
      const built = []
      for (const kind of build) built.push(await buildImage(kind, { report, signal }))
      process.stdout.write(json ? `${JSON.stringify(built, undefined, 2)}\n` : listed(built))
    },
  )

images
  .command('ls')
  .description('list the images that were built, with digest and size')
  .option('--json', 'as JSON')
  .action(async ({ json = false }: { json?: boolean }) => {
    const { ImageStore } = await import('../images/store.ts')
    const there = await new ImageStore().list()
    if (json) process.stdout.write(`${JSON.stringify(there, undefined, 2)}\n`)
    else if (there.length === 0)
      process.stdout.write('no image is there; wireproof images build makes them\n')
    else process.stdout.write(listed(there))
  })

interface Listed {
  readonly names: readonly string[]
  readonly digest: string
  readonly size: number
  readonly archive: string
}

function listed(images: readonly Listed[]): string {
  const rows = images.map(({ names, digest, size, archive }) => [
    names[0] ?? '',
    digest.slice(0, 'sha256:'.length + 12),
    `${(size / 1e6).toFixed(0)} MB`,
    archive,
  ])
  return table(['image', 'digest', 'size', 'archive'], rows)
}
