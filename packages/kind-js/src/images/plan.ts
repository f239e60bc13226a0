/** An image that a node has. */
export interface NodeImage {
  /** Of its configuration. */
  readonly id: string
  /** Its full names. */
  readonly names: readonly string[]
}

/** An image that nodes are to have. */
export interface WantedImage {
  /** Full ones. */
  readonly names: readonly string[]
  /** One of these is enough: they are the same image for different platforms. */
  readonly digests: readonly string[]
}

/** What has to be done for an image at a node. */
export type ImageAction =
  /** Nothing: it is there, by digest and by name. */
  | 'present'
  /** It is there by digest, and only needs its name. */
  | 'tag'
  | 'load'

/** Compares by digest; a name that another image has counts for nothing. */
export function planImage(wanted: WantedImage, there: readonly NodeImage[]): ImageAction {
  const same = there.filter(({ id }) => wanted.digests.includes(id))
  if (same.length === 0) return 'load'
  const names = new Set(same.flatMap((image) => image.names))
  return wanted.names.every((name) => names.has(name)) ? 'present' : 'tag'
}
