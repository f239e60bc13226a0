import { createHash } from 'node:crypto'
import { isObject } from '../config/check.ts'
import { KindError } from '../error.ts'
import { fullImageName } from './names.ts'
import { readTar } from './tar.ts'

/** An image in an archive. */
export interface ArchivedImage {
  /** As containerd will have them; none for an image without a name. */
  readonly names: readonly string[]
  /**
   * Of the image's configuration, computed from the archive's bytes: what Kubernetes calls the image's id. Several where
   * it is there for several platforms.
   */
  readonly digests: readonly string[]
}

/** Configurations and manifests are kilobytes; layers are not looked into. */
const longestMetadata = 4 << 20

/**
 * What is in an archive of images, as `docker save` writes it or in the layout of OCI.
 *
 * @throws KindError `EOUTPUT` where it is no such archive, or where something in it does not have the digest it should.
 */
export async function readImageArchive(file: string, signal?: AbortSignal): Promise<ArchivedImage[]> {
  const files = new Map<string, Buffer>()
  const wanted = (name: string, length: number) =>
    length <= longestMetadata && (/\.json$/.test(name) || /^(\.\/)?blobs\/sha256\/[0-9a-f]{64}$/.test(name))
  for await (const { name, content } of readTar(file, wanted, signal))
    if (content) files.set(name.replace(/^\.\//, ''), content)
  if (files.has('manifest.json')) return imagesOfDocker(files, file)
  if (files.has('index.json')) return imagesOfOci(files, file)
  throw new KindError('EOUTPUT', `${file} holds no images: it has neither manifest.json nor index.json`)
}

function imagesOfDocker(files: ReadonlyMap<string, Buffer>, file: string): ArchivedImage[] {
  const manifest = parse(files.get('manifest.json')!, `${file}: manifest.json`)
  if (!Array.isArray(manifest)) throw new KindError('EOUTPUT', `${file}: manifest.json is no list`)
  return manifest.map((image: { Config?: unknown; RepoTags?: unknown }) => {
    const config = String(image.Config)
    const content = files.get(config)
    if (!content) throw new KindError('EOUTPUT', `${file} has no ${config}, which manifest.json names`)
    const digest = digestOf(content)
    const named = /([0-9a-f]{64})(\.json)?$/.exec(config)?.[1]
    if (named && digest !== `sha256:${named}`) throw wrongDigest(file, config, digest)
    const tags = Array.isArray(image.RepoTags) ? image.RepoTags.map(String) : []
    return { names: tags.map(fullImageName), digests: [digest] }
  })
}

function imagesOfOci(files: ReadonlyMap<string, Buffer>, file: string): ArchivedImage[] {
  const index = parse(files.get('index.json')!, `${file}: index.json`) as Index
  return (index.manifests ?? []).map((descriptor) => {
    const notes = descriptor.annotations ?? {}
    const name = notes['io.containerd.image.name'] ?? notes['org.opencontainers.image.ref.name']
    return {
      names: name === undefined ? [] : [fullImageName(name)],
      digests: configDigests(descriptor, files, file),
    }
  })
}

/** Of an image, or of every image of an index; those that are not in the archive are left out. */
function configDigests(descriptor: Descriptor, files: ReadonlyMap<string, Buffer>, file: string): string[] {
  const path = `blobs/${descriptor.digest?.replace(':', '/')}`
  const content = files.get(path)
  if (!content) return []
  if (digestOf(content) !== descriptor.digest) throw wrongDigest(file, path, digestOf(content))
  const blob = parse(content, `${file}: ${path}`) as Index & { config?: Descriptor }
  if (blob.manifests) return blob.manifests.flatMap((inner) => configDigests(inner, files, file))
  return blob.config?.digest === undefined ? [] : [blob.config.digest]
}

interface Descriptor {
  readonly digest?: string
  readonly annotations?: Readonly<Record<string, string>>
}

interface Index {
  readonly manifests?: readonly Descriptor[]
}

function parse(content: Buffer, what: string): unknown {
  try {
    const value: unknown = JSON.parse(content.toString('utf8'))
    if (isObject(value) || Array.isArray(value)) return value
  } catch {}
  throw new KindError('EOUTPUT', `${what} is not JSON`)
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}

function wrongDigest(file: string, path: string, digest: string): KindError {
  return new KindError('ECHECKSUM', `${file}: ${path} has the digest ${digest}`)
}
