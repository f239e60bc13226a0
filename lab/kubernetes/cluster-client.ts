import {
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  NetworkingV1Api,
  type V1Node,
  type V1Pod,
  type V1Service,
} from '@kubernetes/client-node'
import { parseAllDocuments } from 'yaml'
import { Problem } from '../problem.ts'

/** Where the agents of a cluster find what they are told; the names of deploy/kubernetes. */
const system = 'wireproof-system'
const settingsObject = { name: 'wireproof-settings', namespace: system }
const settingsKey = 'config.json'
const keyObject = { name: 'wireproof-key', namespace: system }
const keyKey = 'key'
const encryptionPolicies = { group: 'wireproof.dev', version: 'v1alpha1', plural: 'encryptionpolicies' }

/** Objects that this lab has made, and takes away again. */
const ours = { 'app.kubernetes.io/managed-by': 'wireproof-lab' }
const selectOurs = Object.entries(ours)
  .map((pair) => pair.join('='))
  .join(',')

/** What a lab asks of a cluster's API server, and tells it. Every method throws Problem `EAPI` where it does not answer. */
export class ClusterClient {
  readonly config: KubeConfig
  readonly #core: CoreV1Api
  readonly #networking: NetworkingV1Api
  readonly #custom: CustomObjectsApi

  /** @param kubeconfig as YAML. */
  constructor(kubeconfig: string) {
    this.config = new KubeConfig()
    this.config.loadFromString(kubeconfig)
    this.#core = this.config.makeApiClient(CoreV1Api)
    this.#networking = this.config.makeApiClient(NetworkingV1Api)
    this.#custom = this.config.makeApiClient(CustomObjectsApi)
  }

  async nodes(): Promise<V1Node[]> {
    return (await this.#ask(() => this.#core.listNode())).items
  }

  async pods(namespace: string): Promise<V1Pod[]> {
    return (await this.#ask(() => this.#core.listNamespacedPod({ namespace }))).items
  }

  async services(namespace: string): Promise<V1Service[]> {
    return (await this.#ask(() => this.#core.listNamespacedService({ namespace }))).items
  }

  /** One that is there already stays. */
  async createNamespace(name: string, labels: Record<string, string>): Promise<void> {
    const body = { metadata: { name, labels: { ...ours, ...labels } } }
    await this.#ask(() => this.#core.createNamespace({ body }), 'exists')
  }

  async deleteNamespace(name: string): Promise<void> {
    await this.#ask(() => this.#core.deleteNamespace({ name }), 'absent')
  }

  async createPod(body: V1Pod, namespace: string): Promise<void> {
    await this.#ask(() => this.#core.createNamespacedPod({ namespace, body }))
  }

  async deletePod(name: string, namespace: string): Promise<void> {
    await this.#ask(
      () => this.#core.deleteNamespacedPod({ name, namespace, gracePeriodSeconds: 0 }),
      'absent',
    )
  }

  async settings(): Promise<Record<string, unknown>> {
    const { data } = await this.#ask(() => this.#core.readNamespacedConfigMap(settingsObject))
    return JSON.parse(data?.[settingsKey] ?? '{}') as Record<string, unknown>
  }

  async putSettings(settings: Record<string, unknown>): Promise<void> {
    const found = await this.#ask(() => this.#core.readNamespacedConfigMap(settingsObject))
    const data = { ...found.data, [settingsKey]: `${JSON.stringify(settings)}\n` }
    await this.#ask(() =>
      this.#core.replaceNamespacedConfigMap({ ...settingsObject, body: { ...found, data } }),
    )
  }

  async clusterKey(): Promise<string> {
    const { data } = await this.#ask(() => this.#core.readNamespacedSecret(keyObject))
    return Buffer.from(data?.[keyKey] ?? '', 'base64').toString('utf8')
  }

  async putClusterKey(key: string): Promise<void> {
    const found = await this.#ask(() => this.#core.readNamespacedSecret(keyObject))
    const data = { ...found.data, [keyKey]: Buffer.from(key).toString('base64') }
    await this.#ask(() => this.#core.replaceNamespacedSecret({ ...keyObject, body: { ...found, data } }))
  }

  /** Replaces those of ours in the namespace. @param documents YAML, any number of NetworkPolicies. */
  async replaceNetworkPolicies(documents: string, namespace: string): Promise<void> {
    const bodies = objectsIn(documents)
    await this.#ask(() =>
      this.#networking.deleteCollectionNamespacedNetworkPolicy({ namespace, labelSelector: selectOurs }),
    )
    for (const body of bodies)
      await this.#ask(() =>
        this.#networking.createNamespacedNetworkPolicy({ namespace, body: labelled(body, namespace) }),
      )
  }

  /** Replaces those of ours. @param documents YAML, any number of EncryptionPolicies. */
  async replaceEncryptionPolicies(documents: string): Promise<void> {
    const bodies = objectsIn(documents)
    await this.#ask(() =>
      this.#custom.deleteCollectionClusterCustomObject({ ...encryptionPolicies, labelSelector: selectOurs }),
    )
    for (const body of bodies)
      await this.#ask(() =>
        this.#custom.createClusterCustomObject({
          ...encryptionPolicies,
          body: {
            ...labelled(body),
            apiVersion: `${encryptionPolicies.group}/${encryptionPolicies.version}`,
          },
        }),
      )
  }

  /** @param tolerated what may be so already. */
  async #ask<Answer>(question: () => Promise<Answer>, tolerated?: 'exists' | 'absent'): Promise<Answer> {
    try {
      return await question()
    } catch (error) {
      const { code } = error as { code?: unknown }
      if ((tolerated === 'exists' && code === 409) || (tolerated === 'absent' && code === 404))
        return undefined as Answer
      throw problemOf(error, this.config.getCurrentCluster()?.server ?? 'the API server')
    }
  }
}

interface ApiObject {
  readonly metadata?: { readonly labels?: Record<string, string> }
}

function objectsIn(documents: string): ApiObject[] {
  return parseAllDocuments(documents)
    .map((document) => document.toJS() as ApiObject | null)
    .filter((each) => each !== null)
}

function labelled(object: ApiObject, namespace?: string) {
  const labels = { ...object.metadata?.labels, ...ours }
  return {
    ...object,
    metadata: { ...object.metadata, labels, ...(namespace === undefined ? {} : { namespace }) },
  }
}

function problemOf(error: unknown, server: string): Problem {
  const { code, body, message } = error as { code?: unknown; body?: unknown; message: string }
  if (code === 401 || code === 403)
    return new Problem(
      'EAPI',
      4,
      `${server} does not let us: ${messageIn(body) ?? message}`,
      'Use credentials that have not expired, of somebody who may.',
    )
  if (typeof code === 'number')
    return new Problem('EAPI', 4, `${server} refuses: ${messageIn(body) ?? message}`)
  return new Problem(
    'EAPI',
    4,
    `${server} does not answer: ${message}`,
    'Is the cluster running, and is it this one that the kubeconfig means?',
  )
}

function messageIn(body: unknown): string | undefined {
  try {
    const { message } = (typeof body === 'string' ? JSON.parse(body) : body) as { message?: unknown }
    return typeof message === 'string' ? message : undefined
  } catch {
    return undefined
  }
}
