import type { KubeConfig, V1Node, V1Pod, V1Service } from '@kubernetes/client-node'
import { parseAllDocuments } from 'yaml'
import { ApiError, ApiServer } from '../../agent/kubernetes/api-server.ts'
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

const fieldManager = 'wireproof-lab'
const inSystem = `/api/v1/namespaces/${systemNamespace}`
const settingsPath = `${inSystem}/configmaps/${settingsConfigMap}`
const keyPath = `${inSystem}/secrets/${keySecret}`
const encryptionPoliciesPath = `/apis/${apiGroup}/${apiVersion}/${plurals.encryptionPolicies}`
const networkPoliciesPath = (namespace: string) =>
  `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`
const podsPath = (namespace: string) => `/api/v1/namespaces/${namespace}/pods`

/** As much of an object as all have. */
export interface ApiObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
}

/** What a lab asks of a cluster's API server, and tells it. Every method throws Problem `EAPI` where it does not answer. */
export class ClusterClient {
  readonly config: KubeConfig
  readonly #server: ApiServer

  constructor(config: KubeConfig) {
    this.config = config
    this.#server = new ApiServer(config)
  }

  async nodes(): Promise<V1Node[]> {
    return this.#list<V1Node>('/api/v1/nodes')
  }

  /** @param selector of labels. */
  async pods(namespace: string, selector = ''): Promise<V1Pod[]> {
    return this.#list<V1Pod>(`${podsPath(namespace)}?labelSelector=${encodeURIComponent(selector)}`)
  }

  async allPods(): Promise<V1Pod[]> {
    return this.#list<V1Pod>('/api/v1/pods')
  }

  async services(namespace: string): Promise<V1Service[]> {
    return this.#list<V1Service>(`/api/v1/namespaces/${namespace}/services`)
  }

  /** Makes an object what it is said to be, whether it is there or not. */
  async apply(object: ApiObject): Promise<void> {
    await this.#ask(() => this.#server.apply(pathOf(object), object, fieldManager))
  }

  /** One that is not there is no failure. */
  async deletePod(name: string, namespace: string): Promise<void> {
    await this.#ask(() =>
      this.#server.remove(`${podsPath(namespace)}?fieldSelector=metadata.name=${name}`, {
        gracePeriodSeconds: 0,
      }),
    )
  }

  async settings(): Promise<Record<string, unknown>> {
    const { data } = await this.#read<{ data?: Record<string, string> }>(settingsPath)
    return JSON.parse(data?.[settingsFile] ?? '{}') as Record<string, unknown>
  }

  async putSettings(settings: Record<string, unknown>): Promise<void> {
    await this.apply({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: settingsConfigMap, namespace: systemNamespace },
      ...{ data: { [settingsFile]: `${JSON.stringify(settings)}\n` } },
    })
  }

  async clusterKey(): Promise<string> {
    const { data } = await this.#read<{ data?: Record<string, string> }>(keyPath)
    return Buffer.from(data?.[keyFile] ?? '', 'base64').toString('utf8')
  }

  async networkPolicies(namespace: string): Promise<ApiObject[]> {
    return this.#list<ApiObject>(networkPoliciesPath(namespace))
  }

  async replaceNetworkPolicies(policies: readonly ApiObject[], namespace: string): Promise<void> {
    const placed = policies.map((policy) => ({ ...policy, metadata: { ...policy.metadata, namespace } }))
    await this.#replaceAll(networkPoliciesPath(namespace), 'networking.k8s.io/v1', 'NetworkPolicy', placed)
  }

  async encryptionPolicies(): Promise<ApiObject[]> {
    return this.#list<ApiObject>(encryptionPoliciesPath)
  }

  async replaceEncryptionPolicies(policies: readonly ApiObject[]): Promise<void> {
    const version = `${apiGroup}/${apiVersion}`
    await this.#replaceAll(encryptionPoliciesPath, version, 'EncryptionPolicy', policies)
  }

  async #replaceAll(
    path: string,
    apiVersion: string,
    kind: string,
    objects: readonly ApiObject[],
  ): Promise<void> {
    await this.#ask(() => this.#server.remove(path))
    for (const object of objects)
      await this.#ask(() => this.#server.create(path, { ...asMade(object), apiVersion, kind }))
  }

  async #read<Answer>(path: string): Promise<Answer> {
    return (await this.#ask(() => this.#server.get(path))) as Answer
  }

  async #list<Item>(path: string): Promise<Item[]> {
    return (await this.#read<{ items: Item[] }>(path)).items
  }

  async #ask<Answer>(question: () => Promise<Answer>): Promise<Answer> {
    try {
      return await question()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      throw problemOf(error, this.#server.address)
    }
  }
}

/** @param documents YAML, any number of objects. */
export function objectsIn(documents: string): ApiObject[] {
  return parseAllDocuments(documents)
    .map((document) => document.toJS() as ApiObject | null)
    .filter((each) => each !== null)
}

/** Without what an API server has written into it. */
function asMade(object: ApiObject): ApiObject {
  const { name, namespace, labels, annotations } = object.metadata
  const metadata = {
    name,
    ...(namespace !== undefined && { namespace }),
    ...(labels && { labels }),
    ...(annotations && { annotations }),
  }
  return { ...object, metadata }
}

function pathOf({ apiVersion, kind, metadata: { name, namespace } }: ApiObject): string {
  const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const plural = `${kind.toLowerCase()}s`.replace(/ys$/, 'ies')
  return `${base}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${plural}/${name}`
}

function problemOf({ status, message }: ApiError, server: string): Problem {
  if (status === 401 || status === 403)
    return new Problem(
      'EAPI',
      4,
      `${server} does not let us: ${message}`,
      'Use credentials that have not expired, of somebody who may.',
    )
  if (status !== undefined) return new Problem('EAPI', 4, `${server} refuses: ${message}`)
  return new Problem(
    'EAPI',
    4,
    `${server} does not answer: ${message}`,
    'Is the cluster running, and is it this one that the kubeconfig means?',
  )
}
