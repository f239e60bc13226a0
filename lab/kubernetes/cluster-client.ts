import {
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  NetworkingV1Api,
  PatchStrategy,
  type V1NetworkPolicy,
  type V1Node,
  type V1Pod,
  type V1Service,
} from '@kubernetes/client-node'
import { parseAllDocuments } from 'yaml'
import {
  apiGroup,
  apiVersion,
  keyFile,
  keySecret,
  plurals,
  settingsConfigMap,
  settingsFile,
  systemNamespace,
} from '../../agent/kubernetes/names.ts'
import { Problem } from '../problem.ts'

const settingsObject = { name: settingsConfigMap, namespace: systemNamespace }
const keyObject = { name: keySecret, namespace: systemNamespace }
const encryptionPolicies = { group: apiGroup, version: apiVersion, plural: plurals.encryptionPolicies }
const fieldManager = 'wireproof-lab'

/** A policy as the API server has it, or as a document says it. */
export interface Policy {
  readonly metadata?: {
    readonly name?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec?: unknown
}

/** What a lab asks of a cluster's API server, and tells it. Every method throws Problem `EAPI` where it does not answer. */
export class ClusterClient {
  readonly config: KubeConfig
  readonly #core: CoreV1Api
  readonly #networking: NetworkingV1Api
  readonly #custom: CustomObjectsApi
  readonly #objects: KubernetesObjectApi

  /** @param kubeconfig as YAML. */
  constructor(kubeconfig: string) {
    this.config = new KubeConfig()
    this.config.loadFromString(kubeconfig)
    this.#core = this.config.makeApiClient(CoreV1Api)
    this.#networking = this.config.makeApiClient(NetworkingV1Api)
    this.#custom = this.config.makeApiClient(CustomObjectsApi)
    this.#objects = KubernetesObjectApi.makeApiClient(this.config)
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

  async createPod(body: V1Pod, namespace: string): Promise<void> {
    await this.#ask(() => this.#core.createNamespacedPod({ namespace, body }))
  }

  /** One that is not there is no failure. */
  async deletePod(name: string, namespace: string): Promise<void> {
    const body = { gracePeriodSeconds: 0 }
    const fieldSelector = `metadata.name=${name}`
    await this.#ask(() => this.#core.deleteCollectionNamespacedPod({ namespace, fieldSelector, body }))
  }

  async settings(): Promise<Record<string, unknown>> {
    const { data } = await this.#ask(() => this.#core.readNamespacedConfigMap(settingsObject))
    return JSON.parse(data?.[settingsFile] ?? '{}') as Record<string, unknown>
  }

  async putSettings(settings: Record<string, unknown>): Promise<void> {
    const found = await this.#ask(() => this.#core.readNamespacedConfigMap(settingsObject))
    const data = { ...found.data, [settingsFile]: `${JSON.stringify(settings)}\n` }
    await this.#ask(() =>
      this.#core.replaceNamespacedConfigMap({ ...settingsObject, body: { ...found, data } }),
    )
  }

  async clusterKey(): Promise<string> {
    const { data } = await this.#ask(() => this.#core.readNamespacedSecret(keyObject))
    return Buffer.from(data?.[keyFile] ?? '', 'base64').toString('utf8')
  }

  async putClusterKey(key: string): Promise<void> {
    const found = await this.#ask(() => this.#core.readNamespacedSecret(keyObject))
    const data = { ...found.data, [keyFile]: Buffer.from(key).toString('base64') }
    await this.#ask(() => this.#core.replaceNamespacedSecret({ ...keyObject, body: { ...found, data } }))
  }

  /** Makes an object what it is said to be, whether it is there or not (server-side apply). */
  async apply(object: KubernetesObject): Promise<void> {
    const patch = () =>
      this.#objects.patch(object, undefined, undefined, fieldManager, true, PatchStrategy.ServerSideApply)
    await this.#ask(patch)
  }

  async networkPolicies(namespace: string): Promise<Policy[]> {
    return (await this.#ask(() => this.#networking.listNamespacedNetworkPolicy({ namespace }))).items
  }

  async replaceNetworkPolicies(policies: readonly Policy[], namespace: string): Promise<void> {
    await this.#ask(() => this.#networking.deleteCollectionNamespacedNetworkPolicy({ namespace }))
    for (const policy of policies) {
      const body = { ...fresh(policy), metadata: { ...fresh(policy).metadata, namespace } } as V1NetworkPolicy
      await this.#ask(() => this.#networking.createNamespacedNetworkPolicy({ namespace, body }))
    }
  }

  async encryptionPolicies(): Promise<Policy[]> {
    const { items } = await this.#ask(() => this.#custom.listClusterCustomObject(encryptionPolicies))
    return items
  }

  async replaceEncryptionPolicies(policies: readonly Policy[]): Promise<void> {
    await this.#ask(() => this.#custom.deleteCollectionClusterCustomObject(encryptionPolicies))
    const apiVersion = `${encryptionPolicies.group}/${encryptionPolicies.version}`
    for (const policy of policies) {
      const body = { ...fresh(policy), apiVersion }
      await this.#ask(() => this.#custom.createClusterCustomObject({ ...encryptionPolicies, body }))
    }
  }

  async #ask<Answer>(question: () => Promise<Answer>): Promise<Answer> {
    try {
      return await question()
    } catch (error) {
      throw problemOf(error, this.config.getCurrentCluster()?.server ?? 'the API server')
    }
  }
}

/** @param documents YAML, any number of policies. */
export function policiesIn(documents: string): Policy[] {
  return parseAllDocuments(documents)
    .map((document) => document.toJS() as Policy | null)
    .filter((each) => each !== null)
}

/** Without what an API server has written into it: as it was made. */
function fresh({ metadata = {}, ...policy }: Policy): Policy {
  const { name, labels, annotations } = metadata
  return {
    ...policy,
    metadata: { name, ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) },
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
