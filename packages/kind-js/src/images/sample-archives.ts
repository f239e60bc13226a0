/** Archives of images for tests, in the shapes that docker and others write them. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const hexOf = (content: string) => createHash('sha256').update(content).digest('hex')

export const digestOf = (content: string) => `sha256:${hexOf(content)}`

/** The configuration of an image, told from others by its text. */
export const configOf = (text: string) =>
  JSON.stringify({ architecture: 'amd64', config: { Labels: { text } } })

/** Writes files and packs them. */
export function pack(
  directory: string,
  files: Readonly<Record<string, string>>,
  ...options: string[]
): string {
  const source = join(directory, `source-${hexOf(JSON.stringify(files)).slice(0, 8)}`)
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(source, name)), { recursive: true })
    writeFileSync(join(source, name), content)
  }
  const archive = join(directory, `${hexOf(JSON.stringify([files, options])).slice(0, 8)}.tar`)
  execFileSync('tar', ['-C', source, ...options, '-cf', archive, '.'])
  return archive
}

/** As `docker save` wrote them up to Docker 24. */
export function dockerFiles(images: Readonly<Record<string, string>>): Record<string, string> {
  const manifest = Object.entries(images).map(([name, text]) => ({
    Config: `${hexOf(configOf(text))}.json`,
    RepoTags: [name],
    Layers: [`${text}/layer.tar`],
  }))
  return {
    'manifest.json': JSON.stringify(manifest),
    ...Object.fromEntries(
      Object.values(images).map((text) => [`${hexOf(configOf(text))}.json`, configOf(text)]),
    ),
    ...Object.fromEntries(Object.values(images).map((text) => [`${text}/layer.tar`, 'x'.repeat(3000)])),
  }
}

/** In the layout of OCI, one image for two platforms. */
export function ociFiles(name: string, texts: readonly string[]): Record<string, string> {
  const files: Record<string, string> = { 'oci-layout': '{"imageLayoutVersion": "1.0.0"}' }
  const add = (content: string) => {
    files[`blobs/sha256/${hexOf(content)}`] = content
    return { digest: digestOf(content), size: content.length }
  }
  const manifests = texts.map((text) =>
    add(JSON.stringify({ config: add(configOf(text)), layers: [add(`layer ${text}`)] })),
  )
  const index = add(JSON.stringify({ manifests: [...manifests, { digest: digestOf('not here') }] }))
  files['index.json'] = JSON.stringify({
    manifests: [
      {
        ...index,
        annotations: { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': 'latest' },
      },
    ],
  })
  return files
}
