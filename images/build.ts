import { version } from '../agent/version.ts'
import { agentImage } from './agent-image.ts'
import { writeImageArchive } from './archive/image-archive.ts'
import { command } from './command.ts'
import type { PreparedImage } from './content/image.ts'
import { buildNodeImage, nodeImageName } from './node/build.ts'
import { type Report, timed } from './progress.ts'
import { type Built, type ImageKind, ImageStore, isIntact, type StoredImage } from './store.ts'
import { workloadImage } from './workload-image.ts'

export interface BuildOptions {
  readonly report: Report
  readonly signal?: AbortSignal | undefined
  readonly store?: ImageStore
}

/**
 * Builds an image into this user's cache. The node image is made once; the small ones always anew, which takes seconds.
 *
 * @throws Problem (3) where this machine cannot, (4) where something around it fails.
 */
export async function buildImage(kind: ImageKind, options: BuildOptions): Promise<StoredImage> {
  const { report, signal, store = new ImageStore() } = options
  if (kind === 'node') {
    const there = await store.get('node')
    if (there?.names.includes(nodeImageName()) && (await isIntact(there))) return there
    return await store.put('node', (archive) => buildNode(archive, options))
  }
  const prepare = kind === 'agent' ? agentImage : workloadImage
  return await timed(report, `${kind} image`, () =>
    store.put(kind, async (archive, scratch) =>
      writePrepared(archive, await prepare(version, scratch, signal)),
    ),
  )
}

async function writePrepared(archive: string, { image, sbom }: PreparedImage): Promise<Built> {
  const [written] = await writeImageArchive(archive, [image])
  const { names, digest, size } = written!
  return { names, digest, size, sbom }
}

async function buildNode(archive: string, { report, signal }: BuildOptions): Promise<Built> {
  const name = nodeImageName()
  await buildNodeImage({ name, file: archive, report, signal })
  const format = '{{.Id}} {{.Size}}'
  const text = await command('docker image inspect', ['docker', 'image', 'inspect', '--format', format, name])
  const [digest = '', size = ''] = text.trim().split(' ')
  return { names: [name], digest, size: Number(size) }
}
