import { isObject } from '../config/check.ts'
import { type Context, type OperationOptions, parseJson, providerCommand } from '../context.ts'
import { KindError } from '../error.ts'
import type { NodeImage } from './plan.ts'

/** The images that a node has. */
export async function listNodeImages(
  context: Context,
  node: string,
  { signal }: OperationOptions = {},
): Promise<NodeImage[]> {
  const words = ['exec', node, 'crictl', 'images', '--output', 'json']
  return nodeImagesFrom(
    parseJson(await providerCommand(context, `list the images of ${node}`, words, { signal }), 'crictl'),
  )
}

/** @param printed by `crictl images --output json`. */
export function nodeImagesFrom(printed: unknown): NodeImage[] {
  if (!isObject(printed) || !Array.isArray(printed.images))
    throw new KindError('EOUTPUT', 'crictl images: no list')
  return printed.images.map((image: unknown) => {
    const { id, repoTags } = isObject(image) ? image : {}
    if (typeof id !== 'string') throw new KindError('EOUTPUT', 'crictl images: an image without an id')
    return { id, names: Array.isArray(repoTags) ? repoTags.map(String) : [] }
  })
}
