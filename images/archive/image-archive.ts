import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type TarEntry, tarOf, withDirectories } from './tar.ts'

/** What an image is, but for the layer's bytes. */
export interface ImageContent {
  /** Such as `wireproof-agent:0.1.0`. */
  readonly names: readonly string[]
  readonly entries: readonly TarEntry[]
  readonly entrypoint?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly user?: string
  /** `/`, if nothing is said. */
  readonly workingDirectory?: string
  readonly labels?: Readonly<Record<string, string>>
}

export interface WrittenImage {
  readonly names: readonly string[]
  /** Of the manifest: by this Kubernetes' nodes know it. `sha256:…` */
  readonly digest: string
  /** Of the configuration: by this Docker's classic image store knows it. `sha256:…` */
  readonly id: string
  /** Bytes of its files, unpacked. */
  readonly size: number
}

interface Blob {
  readonly digest: string
  readonly size: number
  readonly source: { readonly content: Buffer } | { readonly path: string }
}

export const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

/**
 * Writes images, of one layer each, into one archive that is an OCI layout and what `docker save` writes, both: `docker
 * load`, `kind load image-archive`, `ctr images import` and `skopeo` take it. No daemon has a part in it, and the same
 * content gives the same bytes.
 */
export async function writeImageArchive(
  file: string,
  images: readonly ImageContent[],
  architecture: string = architectures[process.arch] ?? process.arch,
): Promise<WrittenImage[]> {
  const layers: string[] = []
  try {
    const written: { image: ImageContent; config: Blob; layer: Blob; manifest: Blob }[] = []
    for (const [number, image] of images.entries()) {
      const path = `${file}.layer-${number}`
      layers.push(path)
      const layer = await writeLayer(path, image.entries)
      const config = blob(configOf(image, layer.digest, architecture))
      written.push({ image, config, layer, manifest: blob(manifestOf(config, layer)) })
    }
    // `repositories` and the manifest first: kind looks into whichever comes first for the names of all images.
    const metadata: TarEntry[] = [
      textFile('repositories', repositories(written)),
      textFile('manifest.json', dockerManifest(written)),
      textFile('oci-layout', { imageLayoutVersion: '1.0.0' }),
      textFile('index.json', index(written, architecture)),
    ]
    const blobs = new Map(
      written
        .flatMap(({ config, layer, manifest }) => [config, layer, manifest])
        .map((each) => [each.digest, each]),
    )
    const entries = withDirectories([...blobs.values()].map(blobEntry))
    await pipeline(Readable.from(tarOf([...metadata, ...entries])), createWriteStream(file))
    return written.map(({ image, config, layer, manifest }) => ({
      names: image.names,
      digest: manifest.digest,
      id: config.digest,
      size: layer.size,
    }))
  } finally {
    for (const path of layers) await rm(path, { force: true })
  }
}

async function writeLayer(path: string, entries: readonly TarEntry[]): Promise<Blob> {
  const hash = createHash('sha256')
  let size = 0
  await pipeline(
    Readable.from(tarOf(withDirectories(entries))),
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hash.update(chunk)
        size += chunk.length
        yield chunk
      }
    },
    createWriteStream(path) as Writable,
  )
  return { digest: `sha256:${hash.digest('hex')}`, size, source: { path } }
}

const configType = 'application/vnd.oci.image.config.v1+json'
const layerType = 'application/vnd.oci.image.layer.v1.tar'
const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const indexType = 'application/vnd.oci.image.index.v1+json'
/** Nothing of the clock goes into an image. */
const created = '1970-01-01T00:00:00Z'

function configOf(image: ImageContent, layer: string, architecture: string): object {
  const environment = Object.entries({
    PATH: '/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin',
    ...image.environment,
  })
  return {
    created,
    architecture,
    os: 'linux',
    config: {
      Env: environment.map(([name, value]) => `${name}=${value}`),
      WorkingDir: image.workingDirectory ?? '/',
      ...(image.entrypoint && { Entrypoint: image.entrypoint }),
      ...(image.user && { User: image.user }),
      ...(image.labels && { Labels: image.labels }),
    },
    rootfs: { type: 'layers', diff_ids: [layer] },
    history: [{ created, created_by: 'wireproof images build' }],
  }
}

function manifestOf(config: Blob, layer: Blob): object {
  const descriptor = (mediaType: string, { digest, size }: Blob) => ({ mediaType, digest, size })
  return {
    schemaVersion: 2,
    mediaType: manifestType,
    config: descriptor(configType, config),
    layers: [descriptor(layerType, layer)],
  }
}

type Written = readonly { image: ImageContent; config: Blob; layer: Blob; manifest: Blob }[]

function index(written: Written, architecture: string): object {
  const manifests = written.flatMap(({ image, manifest }) =>
    image.names.map((name) => ({
      mediaType: manifestType,
      digest: manifest.digest,
      size: manifest.size,
      platform: { architecture, os: 'linux' },
      annotations: {
        'io.containerd.image.name': fullName(name),
        'org.opencontainers.image.ref.name': name.slice(name.lastIndexOf(':') + 1),
      },
    })),
  )
  return { schemaVersion: 2, mediaType: indexType, manifests }
}

function dockerManifest(written: Written): object {
  return written.map(({ image, config, layer }) => ({
    Config: blobPath(config.digest),
    RepoTags: image.names,
    Layers: [blobPath(layer.digest)],
  }))
}

function repositories(written: Written): object {
  const result: Record<string, Record<string, string>> = {}
  for (const { image, layer } of written)
    for (const name of image.names) {
      const colon = name.lastIndexOf(':')
      const repository = name.slice(0, colon)
      const tag = { [name.slice(colon + 1)]: layer.digest.slice('sha256:'.length) }
      result[repository] = { ...result[repository], ...tag }
    }
  return result
}

/** As containerd writes names: with the host that Docker leaves out. */
export function fullName(name: string): string {
  const [first = '', ...rest] = name.split('/')
  if (rest.length === 0) return `docker.io/library/${name}`
  return /[.:]|^localhost$/.test(first) ? name : `docker.io/${name}`
}

function blob(value: object): Blob {
  const content = Buffer.from(JSON.stringify(value))
  const digest = createHash('sha256').update(content).digest('hex')
  return { digest: `sha256:${digest}`, size: content.length, source: { content } }
}

function blobPath(digest: string): string {
  return `blobs/sha256/${digest.slice('sha256:'.length)}`
}

function blobEntry({ digest, size, source }: Blob): TarEntry {
  const name = blobPath(digest)
  if ('content' in source) return { type: 'file', name, content: source.content }
  return { type: 'file', name, path: source.path, size }
}

function textFile(name: string, value: object): TarEntry {
  return { type: 'file', name, content: Buffer.from(JSON.stringify(value)) }
}

/** SHA-256 of a file, in hexadecimal. */
export async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash)
  return hash.digest('hex')
}
