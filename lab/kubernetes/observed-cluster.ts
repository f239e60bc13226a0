import { Duplex } from 'node:stream'
import type { KubeConfig } from '@kubernetes/client-node'
import type { AgentStatus, FlowRecord } from '../../agent/api.ts'
import { type AgentClient, connectAgent } from '../../agent/client.ts'
import { agentContainer, agentName, agentSocket, systemNamespace } from '../../agent/kubernetes/names.ts'
import type { FlowQuery } from '../../agent/monitor/filter.ts'
import { chosenNames } from '../node-names.ts'
import { Problem } from '../problem.ts'
import { ClusterClient } from './cluster-client.ts'
import { execInPod } from './pod-exec.ts'

/** What it takes to ask the agents of a lab or a cluster. */
export interface Observed {
  nodeNames(only?: string): string[]
  nodes(): Promise<readonly { readonly name: string }[]>
  pods(): Promise<readonly { readonly name: string }[]>
  status(node: string, signal?: AbortSignal): Promise<AgentStatus>
  records(node: string, query: FlowQuery, signal: AbortSignal): AsyncIterable<FlowRecord>
}

/** In the agent's container: its socket, on what the API server hands through. */
const relay = `const s = require('net').connect(${JSON.stringify(agentSocket)}); s.on('error', (e) => { console.error(e.message); process.exit(1) }); process.stdin.pipe(s).pipe(process.stdout)`

/**
 * A cluster whose agents are asked through its API server, as `kubectl exec` would: with the credentials of a kubeconfig,
 * whose owner has to be allowed to.
 */
export class ObservedCluster implements Observed {
  readonly name: string
  readonly #client: ClusterClient
  /** Pods of agents, by the nodes they are on. */
  #agents: ReadonlyMap<string, string>

  private constructor(name: string, client: ClusterClient, agents: ReadonlyMap<string, string>) {
    this.name = name
    this.#client = client
    this.#agents = agents
  }

  /** @throws Problem where the API server does not answer, or the cluster has no agent. */
  static async open(name: string, config: KubeConfig): Promise<ObservedCluster> {
    const client = new ClusterClient(config)
    const agents = await agentsOf(client)
    if (agents.size === 0)
      throw new Problem(
        'ENOAGENT',
        2,
        `${name} has no agent of wireproof`,
        'Give it agents: kubectl apply -k deploy/kubernetes.',
      )
    return new ObservedCluster(name, client, agents)
  }

  nodeNames(only?: string): string[] {
    const all = [...this.#agents.keys()].sort()
    return chosenNames(all, only, `${this.name} has no agent on a node`)
  }

  async nodes(): Promise<{ name: string }[]> {
    return this.nodeNames().map((name) => ({ name }))
  }

  async pods(): Promise<{ name: string }[]> {
    const pods = await this.#client.allPods()
    return pods.map(({ metadata }) => ({ name: `${metadata?.namespace}/${metadata?.name}` }))
  }

  status(node: string, signal?: AbortSignal): Promise<AgentStatus> {
    return this.#agent(node).status(signal)
  }

  /** A pod of an agent may have been replaced since: who asks again finds the next. */
  async *records(node: string, query: FlowQuery, signal: AbortSignal): AsyncGenerator<FlowRecord> {
    try {
      yield* this.#agent(node).records(query, signal)
    } catch (error) {
      this.#agents = new Map([...this.#agents, ...(await agentsOf(this.#client))])
      throw error
    }
  }

  #agent(node: string): AgentClient {
    const at = { namespace: systemNamespace, pod: this.#agents.get(node) ?? '', container: agentContainer }
    return connectAgent(() => {
      const { stdin, stdout } = execInPod(this.#client.config, at, ['node', '-e', relay])
      return Duplex.from({ writable: stdin, readable: stdout })
    })
  }
}

async function agentsOf(client: ClusterClient): Promise<Map<string, string>> {
  const pods = await client.pods(systemNamespace, `app.kubernetes.io/name=${agentName}`)
  return new Map(
    pods.flatMap(({ metadata, spec }) =>
      spec?.nodeName === undefined || metadata?.deletionTimestamp !== undefined
        ? []
        : [[spec.nodeName, metadata?.name ?? ''] as const],
    ),
  )
}
