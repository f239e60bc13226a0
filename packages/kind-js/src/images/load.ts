import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { kubernetesNodes } from '../cluster/nodes.ts'
import { isObject } from '../config/check.ts'
import { type Context, kindCommand, type ProgressOptions, parseJson, providerCommand } from '../context.ts'
import { CommandError, KindError } from '../error.ts'
import { readImageArchive } from './archive.ts'
import { fullDigest, fullImageName } from './names.ts'
import { listNodeImages } from './node-images.ts'
import { type ImageAction, type NodeImage, planImage, type WantedImage } from './plan.ts'

/** How images get into a cluster. */
export interface LoadOptions extends ProgressOptions {
  /** All nodes of the cluster by default. */
  readonly nodes?: readonly string[]
}

/** What was done for an image at a node. */
export interface LoadedImage {
  /** As the caller named it; for archives, the full name. */
  readonly image: string
  readonly node: string
  /** `present` was there already, `tagged` needed its name only. */
  readonly action: 'present' | 'tagged' | 'loaded'
}

/**
 * Brings images of this machine's daemon to nodes. Digests are compared, so nothing is loaded that is there, and an image
 * that was built anew under its old name is.
 *
 * @throws KindError `ENOIMAGE` where one is not on this machine; nothing is loaded then.
 */
export async function loadImages(
  context: Context,
  cluster: string,
  images: readonly string[],
  options: LoadOptions = {},
): Promise<LoadedImage[]> {
  const { signal } = options
  const names = [...new Set(images)]
  const local: LocalImage[] = []
  for (const name of names) local.push(await inspectImage(context, name, signal))
  const there = await imagesOnNodes(context, cluster, options)
  const results: LoadedImage[] = []
  for (const image of local) {
    const planned = await tagOrPlan(context, [image], there, signal)
    const needed = nodesThatLack(planned).length > 0
    results.push(
      ...(needed ? await saveAndLoad(context, cluster, image, there, options) : outcome([image], planned)),
    )
  }
  return results
}

/** With some daemons an image's id is another digest than Kubernetes'; then only the image itself can tell. */
async function saveAndLoad(
  context: Context,
  cluster: string,
  image: LocalImage,
  there: ImagesByNode,
  options: LoadOptions,
): Promise<LoadedImage[]> {
  const directory = await mkdtemp(join(tmpdir(), 'kind-js-'))
  try {
    const archive = join(directory, 'image.tar')
    const words = ['save', '-o', archive, image.name]
    await providerCommand(context, `save ${image.name}`, words, { signal: options.signal })
    const archived = await readImageArchive(archive, options.signal)
    const wanted = { ...image, digests: archived.flatMap(({ digests }) => digests) }
    return await load(context, cluster, [wanted], there, archive, options)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/**
 * Brings the images of an archive to nodes: one that `docker save` made, or in the layout of OCI. Nodes that have all of
 * them, by digest and by name, are left alone.
 */
export async function loadArchive(
  context: Context,
  cluster: string,
  archive: string,
  options: LoadOptions = {},
): Promise<LoadedImage[]> {
  const file = resolve(archive)
  if (!(await stat(file).catch(() => undefined))?.isFile())
    throw new KindError('ENOIMAGE', `there is no file ${file}`)
  const archived = await readImageArchive(file, options.signal)
  const wanted = archived.map((image) => ({ ...image, name: image.names[0] ?? image.digests[0] ?? file }))
  return await load(context, cluster, wanted, await imagesOnNodes(context, cluster, options), file, options)
}

interface LocalImage extends WantedImage {
  readonly name: string
}

type ImagesByNode = Map<string, readonly NodeImage[]>

async function inspectImage(
  context: Context,
  name: string,
  signal: AbortSignal | undefined,
): Promise<LocalImage> {
  let printed: string
  try {
    printed = await providerCommand(context, `find image ${name}`, ['image', 'inspect', name], { signal })
  } catch (error) {
    if (!(error instanceof CommandError) || error.code !== 'ECOMMAND') throw error
    throw new KindError('ENOIMAGE', error.message, { remedy: 'Build or pull it first.', cause: error })
  }
  const list = parseJson(printed, `${context.provider} image inspect`)
  const [first] = Array.isArray(list) ? list : [list]
  const { Id: id, RepoTags: tags } = isObject(first) ? first : {}
  if (typeof id !== 'string')
    throw new KindError('EOUTPUT', `${context.provider} does not say the id of ${name}`)
  return { name, names: [nameOnNodes(name, tags)], digests: [fullDigest(id)] }
}

/** podman puts `localhost/` before what has no registry, and saves it so. */
function nameOnNodes(name: string, tags: unknown): string {
  const full = fullImageName(name)
  const [, short] = /^docker\.io\/(?:library\/)?(.*)$/.exec(full) ?? []
  const known = Array.isArray(tags) ? tags.map(String) : []
  return short !== undefined && known.includes(`localhost/${short}`) ? `localhost/${short}` : full
}

async function imagesOnNodes(context: Context, cluster: string, options: LoadOptions): Promise<ImagesByNode> {
  const { nodes: chosen, signal } = options
  const all = await kubernetesNodes(context, cluster, { signal })
  const names = all.map(({ name }) => name)
  for (const name of chosen ?? [])
    if (!names.includes(name))
      throw new KindError('ENONODE', `cluster ${cluster} has no node ${name}; allowed: ${names.join(', ')}`)
  const targets = chosen ?? names
  const lists = await Promise.all(targets.map((node) => listNodeImages(context, node, { signal })))
  return new Map(targets.map((node, index) => [node, lists[index]!]))
}

/** Loads an archive where its images are not there already. */
async function load(
  context: Context,
  cluster: string,
  images: readonly LocalImage[],
  there: ImagesByNode,
  archive: string,
  options: LoadOptions,
): Promise<LoadedImage[]> {
  const planned = await tagOrPlan(context, images, there, options.signal)
  const lacking = nodesThatLack(planned)
  if (lacking.length > 0) {
    const words = ['load', 'image-archive', archive, '--name', cluster, '--nodes', lacking.join(',')]
    await kindCommand(context, `load images into ${lacking.join(', ')}`, words, options)
    for (const node of lacking) await assertLoaded(context, node, images, options.signal)
  }
  return outcome(images, planned)
}

type ActionsByNode = ReadonlyMap<string, readonly ImageAction[]>

/** Names images where that is all they lack. Where that fails, they have to be loaded like others. */
async function tagOrPlan(
  context: Context,
  images: readonly LocalImage[],
  there: ImagesByNode,
  signal: AbortSignal | undefined,
): Promise<ActionsByNode> {
  const actions = new Map<string, ImageAction[]>()
  for (const [node, its] of there) {
    const planned = images.map((image) => planImage(image, its))
    for (const [index, action] of planned.entries())
      if (action === 'tag' && !(await tag(context, node, images[index]!, its, signal)))
        planned[index] = 'load'
    actions.set(node, planned)
  }
  return actions
}

function nodesThatLack(actions: ActionsByNode): string[] {
  return [...actions].filter(([, planned]) => planned.includes('load')).map(([node]) => node)
}

function outcome(images: readonly LocalImage[], actions: ActionsByNode): LoadedImage[] {
  const done = { present: 'present', tag: 'tagged', load: 'loaded' } as const
  return [...actions].flatMap(([node, planned]) =>
    planned.map((action, index) => ({ image: images[index]!.name, node, action: done[action] })),
  )
}

/** @returns whether it could be done. */
async function tag(
  context: Context,
  node: string,
  image: WantedImage,
  there: readonly NodeImage[],
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const id = image.digests.find((digest) => there.some((its) => its.id === digest))
  if (id === undefined) return false
  const known = new Set(there.filter((its) => its.id === id).flatMap(({ names }) => names))
  try {
    for (const name of image.names.filter((its) => !known.has(its))) {
      const words = ['exec', node, 'ctr', '--namespace=k8s.io', 'images', 'tag', '--force', id, name]
      await providerCommand(context, `name image ${name} on ${node}`, words, { signal })
    }
    return true
  } catch (error) {
    if (error instanceof CommandError) return false
    throw error
  }
}

/** What an import leaves out for whatever reason would be missed only by a pod. */
async function assertLoaded(
  context: Context,
  node: string,
  images: readonly LocalImage[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const there = await listNodeImages(context, node, { signal })
  const missing = images.filter((image) => planImage(image, there) === 'load')
  if (missing.length > 0)
    throw new KindError(
      'EOUTPUT',
      `after loading, ${node} does not have ${missing.map(({ name, digests }) => `${name} (${digests.join(', ')})`).join(', ')}`,
    )
}
