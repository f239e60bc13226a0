import { Problem } from '../lab/problem.ts'
import { type ImageKind, imageKinds } from './store.ts'

export interface BuildRequest {
  /** As they were typed; all that make sense where there are none. */
  readonly kinds: readonly string[]
  /** Nothing is to come from an image registry, even where one can be reached. */
  readonly offline: boolean
}

export interface BuildPlan {
  /** In this order: those that others wait for least come first. */
  readonly build: readonly ImageKind[]
  /** Why something is not built that might have been expected. */
  readonly notes: readonly string[]
}

/** Of kind 0.32.0, for the Kubernetes that the air-gapped image has. */
export const officialNodeImage = 'kindest/node:v1.34.2'

/**
 * What is to be built.
 *
 * @param registry whether an image registry can be reached.
 * @throws Problem (2) for a name that is none.
 */
export function planOf({ kinds, offline }: BuildRequest, registry: boolean): BuildPlan {
  const unknown = kinds.filter((kind) => !(imageKinds as readonly string[]).includes(kind))
  if (unknown.length > 0)
    throw new Problem(
      'EUSAGE',
      2,
      `no image is called ${unknown.join(', ')}`,
      `Allowed: ${imageKinds.join(', ')}.`,
    )
  const asked = imageKinds.filter((kind) => kinds.length === 0 || kinds.includes(kind))
  if (offline || !registry) return { build: asked, notes: [] }
  const build = asked.filter((kind) => kind !== 'node')
  if (build.length === asked.length) return { build, notes: [] }
  const notes = [
    `node: an image registry can be reached, so kind takes ${officialNodeImage} from there; --offline builds it`,
  ]
  return { build, notes }
}
