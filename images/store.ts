import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOf } from './archive/image-archive.ts'
import { imagesDirectory } from './directories.ts'

/** What is known of an image that was built. */
export interface StoredImage {
  /** As the command calls it. */
  readonly kind: ImageKind
  readonly names: readonly string[]
  /** Of the manifest where the archive was written here, else of the configuration. */
  readonly digest: string
  /** Bytes of its files, unpacked. */
  readonly size: number
  /** Of the archive: SHA-256 in hexadecimal. */
  readonly sha256: string
  /** Absolute. */
  readonly archive: string
  /** Absolute; CycloneDX JSON. */
  readonly sbom?: string
}

export const imageKinds = ['agent', 'workload', 'node'] as const
export type ImageKind = (typeof imageKinds)[number]

const recordFile = 'image.json'
const archiveFile = 'image.tar'
const sbomFile = 'sbom.cdx.json'

/** What a build leaves in the directory it is given. */
export interface Built extends Pick<StoredImage, 'names' | 'digest' | 'size'> {
  readonly sbom?: object
}

/** The images of this user's cache, one of each kind: what is built anew takes the place of what was there. */
export class ImageStore {
  readonly #directory: string

  constructor(directory: string = imagesDirectory()) {
    this.#directory = directory
  }

  /**
   * Builds under another name and moves it into place: an interrupted build leaves what was there.
   *
   * @param build writes the archive to the file it is given.
   */
  async put(
    kind: ImageKind,
    build: (archive: string, scratch: string) => Promise<Built>,
  ): Promise<StoredImage> {
    await mkdir(this.#directory, { recursive: true })
    const partial = await mkdtemp(join(this.#directory, `.${kind}-`))
    try {
      const { sbom, ...built } = await build(join(partial, archiveFile), partial)
      if (sbom) await writeFile(join(partial, sbomFile), `${JSON.stringify(sbom, undefined, 2)}\n`)
      const sha256 = await digestOf(join(partial, archiveFile))
      await writeFile(join(partial, recordFile), `${JSON.stringify({ ...built, sha256 }, undefined, 2)}\n`)
      for (const entry of await readdir(partial))
        if (![archiveFile, sbomFile, recordFile].includes(entry))
          await rm(join(partial, entry), { recursive: true })
      // A kernel that is booted to hold a cluster reads it as another user. There is no secret in an image.
      await chmod(partial, 0o755)
      await chmod(join(partial, archiveFile), 0o644)
      const directory = join(this.#directory, kind)
      await rm(directory, { recursive: true, force: true })
      await rename(partial, directory)
      return (await this.get(kind))!
    } finally {
      await rm(partial, { recursive: true, force: true })
    }
  }

  /** Undefined where there is none. Whether its archive is whole {@link isIntact} says. */
  async get(kind: ImageKind): Promise<StoredImage | undefined> {
    const directory = join(this.#directory, kind)
    const text = await readFile(join(directory, recordFile), 'utf8').catch(() => undefined)
    if (text === undefined) return undefined
    const record = JSON.parse(text) as Omit<StoredImage, 'kind' | 'archive' | 'sbom'>
    const sbom = join(directory, sbomFile)
    return { kind, ...record, archive: join(directory, archiveFile), ...(existsSync(sbom) && { sbom }) }
  }

  async list(): Promise<StoredImage[]> {
    const all = await Promise.all(imageKinds.map((kind) => this.get(kind)))
    return all.filter((image) => image !== undefined)
  }
}

/** Whether an archive is what it was when it was built. */
export async function isIntact({ archive, sha256 }: StoredImage): Promise<boolean> {
  if ((await stat(archive).catch(() => undefined)) === undefined) return false
  return (await digestOf(archive)) === sha256
}
