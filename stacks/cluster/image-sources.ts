import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildImage } from '../../images/build.ts'
import { imagesDirectory } from '../../images/directories.ts'
import type { Report } from '../../images/progress.ts'
import { ImageStore, isIntact, type StoredImage } from '../../images/store.ts'

type BuiltHere = 'agent' | 'workload'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Whatever of the checkout may go into an image, or has a say in how it is made. */
const sources: Readonly<Record<BuiltHere, readonly string[]>> = {
  agent: [
    'agent/**/*.{ts,mjs,proto}',
    'packages/*/src/**/*.ts',
    'packages/*/package.json',
    'bpf/datapath.o',
    'images/**/*.ts',
    'package-lock.json',
  ],
  workload: ['images/**/*.ts', 'package-lock.json'],
}

/** A digest of what an image is built from. Building takes ten seconds, this a tenth of one. */
export function sourcesOf(image: BuiltHere): string {
  const hash = createHash('sha256').update(process.version)
  const files = globSync([...sources[image]], { cwd: root }).filter((file) => !file.endsWith('.test.ts'))
  for (const file of files.sort()) hash.update(`\n${file}\n`).update(readFileSync(join(root, file)))
  return hash.digest('hex').slice(0, 16)
}

/** The image of these sources: the one in this user's cache if it is of them, else one built now. */
export async function currentImage(
  image: BuiltHere,
  builtFrom: string,
  { report, signal }: { readonly report: Report; readonly signal?: AbortSignal },
): Promise<StoredImage> {
  const note = join(imagesDirectory(), `${image}.sources.json`)
  const noted = await readFile(note, 'utf8').then(
    (text) => JSON.parse(text) as { builtFrom: string; sha256: string },
    () => undefined,
  )
  const stored = await new ImageStore().get(image)
  if (stored && noted?.builtFrom === builtFrom && noted.sha256 === stored.sha256 && (await isIntact(stored)))
    return stored
  report(`building the image of the ${image}`)
  const built = await buildImage(image, { report, signal })
  await mkdir(imagesDirectory(), { recursive: true })
  await writeFile(note, JSON.stringify({ builtFrom, sha256: built.sha256 }))
  return built
}
