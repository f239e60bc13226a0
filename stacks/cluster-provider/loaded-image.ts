import type { StoredImage } from '../../images/store.ts'
import type { KindMachine } from './kind-cluster.ts'
import type { ResourceKind, Watching } from './resource-kind.ts'

/** The images that are built here and brought to a cluster's nodes. */
export type LoadableImage = 'agent' | 'workload'

export interface LoadedImageInputs {
  readonly cluster: string
  /** Of the cluster: another one has no image yet. */
  readonly incarnation: string
  readonly image: LoadableImage
  /** A digest of the sources: what tells, without building, that another image would come of them. */
  readonly builtFrom: string
}

export interface LoadedImageState extends LoadedImageInputs {
  /** By which pods name it. */
  readonly name: string
  readonly digest: string
}

export interface ImageMachine {
  /** The image of these sources, built unless it is there. */
  image(image: LoadableImage, builtFrom: string, watching: Watching): Promise<StoredImage>
}

/** An image in all nodes of a cluster of kind, which has no registry to take it from. */
export function loadedImage(
  machine: ImageMachine & Pick<KindMachine, 'kind'>,
): ResourceKind<LoadedImageInputs, LoadedImageState> {
  const load = async (inputs: LoadedImageInputs, watching: Watching): Promise<LoadedImageState> => {
    const { signal, report } = watching
    const built = await machine.image(inputs.image, inputs.builtFrom, watching)
    report(`bringing ${built.names[0]} to the nodes`)
    const kind = await machine.kind(signal)
    await kind.loadArchive(inputs.cluster, built.archive, { signal })
    return { ...inputs, name: built.names[0]!, digest: built.digest }
  }
  return {
    secrets: [],

    diff(state, inputs) {
      const replaces = (['cluster', 'incarnation', 'image'] as const).filter(
        (property) => state[property] !== inputs[property],
      )
      const builtAnew = state.builtFrom !== inputs.builtFrom
      return { changed: [...replaces, ...(builtAnew ? ['builtFrom'] : [])], replaces }
    },

    async create(inputs, watching) {
      return { id: `${inputs.cluster}/${inputs.image}`, state: await load(inputs, watching) }
    },

    update: (_state, inputs, watching) => load(inputs, watching),

    /** One that some node lacks is gone: it is then brought there again. */
    async read(state) {
      const kind = await machine.kind()
      if (!(await kind.clusterExists(state.cluster))) return undefined
      for (const { name } of (await kind.nodes(state.cluster)).filter(
        (node) => node.role !== 'external-load-balancer',
      )) {
        const images = await kind.nodeImages(name)
        if (!images.some(({ names }) => names.some((each) => sameImage(each, state.name)))) return undefined
      }
      return state
    },
  }
}

/** Nodes put a registry before a name that has none. */
function sameImage(there: string, wanted: string): boolean {
  return there === wanted || there.endsWith(`/${wanted}`)
}
