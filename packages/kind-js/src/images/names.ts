/**
 * An image's name as containerd has it: `alpine` is `docker.io/library/alpine:latest`. A name with a digest keeps it, and
 * gets no tag.
 */
export function fullImageName(image: string): string {
  const slash = image.indexOf('/')
  const first = slash < 0 ? '' : image.slice(0, slash)
  const hasRegistry = first === 'localhost' || /[.:]/.test(first)
  const path = hasRegistry ? image : `docker.io/${slash < 0 ? 'library/' : ''}${image}`
  return path.includes('@') || path.lastIndexOf(':') > path.lastIndexOf('/') ? path : `${path}:latest`
}

/** `sha256:` and 64 digits; podman leaves the first out. */
export function fullDigest(digest: string): string {
  return /^[0-9a-f]{64}$/.test(digest) ? `sha256:${digest}` : digest
}
