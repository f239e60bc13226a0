import type { ClusterNode, ClusterPod, ClusterView } from '../cluster/state.ts'
import { kindOf } from '../plan/identity.ts'
import { type Labels, selects } from '../policy/network-policy.ts'
import { defaultNamespace } from '../policy/parse.ts'
import { labelsOfNamespace } from '../policy/world.ts'
import {
  type EncryptionPolicy,
  type Exemption,
  isBehind,
  type PodChoice,
  type Service,
} from './encryption-policy.ts'

/** What scope is decided by. The maps are by name, or by name of the file. */
export interface ScopeWorld {
  readonly encryptionPolicies: ReadonlyMap<string, readonly EncryptionPolicy[]>
  readonly services: ReadonlyMap<string, Service>
  readonly namespaces: ReadonlyMap<string, Labels>
}

type Everybody = Pick<ClusterView, 'pods' | 'nodes'>

/** Whose traffic is to be encrypted: that of all pods where no policy says otherwise, and what any policy says. */
export class Scope {
  readonly #policies: readonly EncryptionPolicy[]
  readonly #services: readonly Service[]
  readonly #namespaces: ReadonlyMap<string, Labels>
  /** Pods of one identity are in scope together. */
  readonly #known = new Map<string, boolean>()

  constructor({ encryptionPolicies, services, namespaces }: ScopeWorld) {
    this.#policies = [...encryptionPolicies.values()].flat()
    this.#services = [...services.values()]
    // A copy: the store changes its own.
    this.#namespaces = new Map(namespaces)
  }

  get isOfAllPods(): boolean {
    return this.#policies.length === 0 || this.#policies.some(({ pods }) => pods === 'all')
  }

  hasPod(pod: ClusterPod): boolean {
    if (this.isOfAllPods) return true
    const kind = kindOf(pod).text
    const known = this.#known.get(kind)
    if (known !== undefined) return known
    const isIn = this.#policies.some(({ pods }) => this.#isChosen(pods, pod))
    this.#known.set(kind, isIn)
    return isIn
  }

  hasNode({ labels = {} }: Pick<ClusterNode, 'labels'>): boolean {
    return this.#policies.some(({ nodes }) => nodes !== undefined && selects(nodes, labels))
  }

  /** The same text for every scope that covers the same nodes. */
  get nodesText(): string {
    return JSON.stringify(this.#policies.flatMap(({ nodes = null }) => [nodes]))
  }

  /** What nodes in scope may ask each other in clear until they have keys for each other: what any policy says. */
  get exempt(): readonly Exemption[] {
    return this.#policies.flatMap(({ exempt = [] }) => exempt)
  }

  /** Policies that do not do what whoever wrote them must have meant, one sentence each. */
  problems(all: Everybody): string[] {
    return this.#policies.flatMap((policy) => [
      ...this.#missingServices(policy),
      ...this.#choosesNothing(policy, all),
    ])
  }

  #choosesNothing({ name, pods, nodes }: EncryptionPolicy, all: Everybody): string[] {
    const hasNode =
      nodes !== undefined && hasOne(all.nodes.values(), ({ labels = {} }) => selects(nodes, labels))
    const hasPod = pods === 'all' || hasOne(all.pods.values(), (pod) => this.#isChosen(pods, pod))
    if (!hasNode && !hasPod) return [`encryption policy ${name} selects no pod and no node`]
    return nodes !== undefined && !hasNode ? [`encryption policy ${name} selects no node`] : []
  }

  #missingServices({ name, pods }: EncryptionPolicy): string[] {
    if (pods === 'all') return []
    return pods.flatMap((choice) =>
      'service' in choice && !this.#serviceOf(choice)
        ? [
            `encryption policy ${name} names service ${choice.service.namespace}/${choice.service.name}, which does not exist`,
          ]
        : [],
    )
  }

  #isChosen(
    choices: EncryptionPolicy['pods'],
    { namespace = defaultNamespace, labels }: ClusterPod,
  ): boolean {
    if (choices === 'all') return true
    return choices.some((choice) => {
      if (!('service' in choice))
        return (
          selects(choice.pods, labels) &&
          selects(choice.namespaces, labelsOfNamespace(namespace, this.#namespaces))
        )
      const service = this.#serviceOf(choice)
      return service !== undefined && isBehind(service, namespace, labels)
    })
  }

  #serviceOf({
    service: { namespace, name },
  }: Extract<PodChoice, { service: unknown }>): Service | undefined {
    return this.#services.find((each) => each.namespace === namespace && each.name === name)
  }
}

/** Most often one of the first will do, and there may be a hundred thousand. */
function hasOne<Item>(items: Iterable<Item>, isIt: (item: Item) => boolean): boolean {
  for (const item of items) if (isIt(item)) return true
  return false
}
