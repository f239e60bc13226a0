import type { ImageContent } from '../archive/image-archive.ts'

/** Everything that an archive of an image is written from, and what is in it. */
export interface PreparedImage {
  readonly image: ImageContent
  /** In CycloneDX. */
  readonly sbom: object
}
