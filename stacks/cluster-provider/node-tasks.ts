import { setTimeout as sleep } from 'node:timers/promises'
import { KubeConfig } from '@kubernetes/client-node'
import { ApiError, ApiServer } from '../../agent/kubernetes/api-server.ts'
import { agentName, systemNamespace } from '../../agent/kubernetes/names.ts'
import { nodeTask } from '../../deploy/kubernetes/node-task.ts'
import { Problem } from '../../lab/problem.ts'
import type { Watching } from './resource-kind.ts'
import { type Ending, endingOf, type TaskPod } from './task-ending.ts'

/** Runs something once on every Linux node of a cluster. */
export interface NodeTasks {
  /** @throws Problem where the API server does not answer. */
  run(
    cluster: { readonly kubeconfig: string; readonly image: string },
    task: { readonly name: string; readonly command: readonly string[] },
    watching: Watching,
  ): Promise<ReadonlyMap<string, Ending>>
  /** Until no node has an agent any more. */
  awaitNoAgents(kubeconfig: string, watching: Watching): Promise<void>
}

const pods = `/api/v1/namespaces/${systemNamespace}/pods`
const patienceMs = 180_000
const pauseMs = 1000

export const nodeTasks: NodeTasks = {
  async run({ kubeconfig, image }, { name, command }, { report, signal }) {
    const api = connect(kubeconfig)
    const nodes = await asked(
      () => api.get('/api/v1/nodes?labelSelector=kubernetes.io/os=linux', signal),
      api,
    )
    const names = (nodes as List).items.map(({ metadata }) => metadata.name)
    report(`${name}: on ${names.join(', ')}`)
    const endings = await Promise.all(
      names.map(async (node) => {
        const pod = nodeTask({ name: `${name}-${node}`, node, image, command })
        return [node, await runOn(api, pod, signal)] as const
      }),
    )
    return new Map(endings)
  },

  async awaitNoAgents(kubeconfig, { report, signal }) {
    const api = connect(kubeconfig)
    const path = `${pods}?labelSelector=app.kubernetes.io/name=${agentName}`
    for (const deadline = Date.now() + patienceMs; Date.now() < deadline; await sleep(pauseMs)) {
      const { items } = (await asked(() => api.get(path, signal), api)) as List
      if (items.length === 0) return
      report(`waiting until ${items.length} agents have ended`)
    }
  },
}

interface List {
  readonly items: readonly { readonly metadata: { readonly name: string } }[]
}

function connect(kubeconfig: string): ApiServer {
  const config = new KubeConfig()
  config.loadFromString(kubeconfig)
  return new ApiServer(config)
}

async function runOn(api: ApiServer, pod: ReturnType<typeof nodeTask>, signal: AbortSignal): Promise<Ending> {
  const path = `${pods}/${pod.metadata.name}`
  const deadline = Date.now() + patienceMs
  try {
    await createBefore(deadline, api, pod, signal)
    for (;;) {
      const ending = endingOf((await asked(() => api.get(path, signal), api)) as TaskPod)
      if (ending.kind !== 'running' || Date.now() > deadline) return ending
      await sleep(pauseMs, undefined, { signal })
    }
  } finally {
    // Not with the signal: what was interrupted is removed as well.
    await api.remove(path, { gracePeriodSeconds: 0 }).catch(() => {})
  }
}

/** One of the same name may be on its way out, and a new namespace has no service account yet. */
async function createBefore(
  deadline: number,
  api: ApiServer,
  pod: object,
  signal: AbortSignal,
): Promise<void> {
  for (;;)
    try {
      await api.create(pods, pod, signal)
      return
    } catch (error) {
      if (!isPassing(error) || Date.now() > deadline) throw problemOf(error, api)
      await sleep(pauseMs, undefined, { signal })
    }
}

function isPassing(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false
  return error.status === 409 || (error.status === 403 && /serviceaccount/.test(error.message))
}

async function asked<Answer>(question: () => Promise<Answer>, api: ApiServer): Promise<Answer> {
  try {
    return await question()
  } catch (error) {
    throw problemOf(error, api)
  }
}

function problemOf(error: unknown, api: ApiServer): unknown {
  if (!(error instanceof ApiError)) return error
  return new Problem(
    'EAPI',
    4,
    `${api.address} does not do what it is asked: ${error.message}`,
    'Is the cluster running, and may these credentials make pods on its nodes?',
  )
}
