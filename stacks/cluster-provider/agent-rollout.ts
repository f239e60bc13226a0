import { setTimeout as sleep } from 'node:timers/promises'
import { KubeConfig } from '@kubernetes/client-node'
import { ApiServer } from '../../agent/kubernetes/api-server.ts'
import { apiGroup, apiVersion, plurals } from '../../agent/kubernetes/names.ts'
import type { WireproofNode } from '../../agent/kubernetes/node-status.ts'
import { Problem } from '../../lab/problem.ts'
import { type AgentReport, agentReports, unmet, type Wanted } from './agent-reports.ts'
import type { ResourceKind, Watching } from './resource-kind.ts'

export interface AgentRolloutInputs {
  readonly kubeconfig: string
  /** Of the cluster: the agents of another one have yet to report. */
  readonly cluster: string
  readonly wanted: Wanted
}

export interface AgentRolloutState extends AgentRolloutInputs {
  readonly agents: readonly AgentReport[]
}

const deadlineMs = 300_000
const pauseMs = 1000

/**
 * The moment at which the agent of every node says that it does what the stack asks for, or why it cannot. Pulumi could
 * wait for the DaemonSet instead, but an agent on a kernel without ESP guards its node and is never ready.
 */
export function agentRollout(
  limits = { deadlineMs, pauseMs },
): ResourceKind<AgentRolloutInputs, AgentRolloutState> {
  const wait = async (
    inputs: AgentRolloutInputs,
    { report, signal }: Watching,
  ): Promise<AgentRolloutState> => {
    const started = Date.now()
    let last = ''
    for (;;) {
      const { agents, waitingFor } = await ask(inputs, signal)
      if (waitingFor.length === 0) return { ...inputs, agents }
      const text = waitingFor.join('; ')
      if (text !== last) report(text)
      last = text
      if (Date.now() - started > limits.deadlineMs)
        throw new Problem(
          'EAGENTS',
          4,
          `agents have not reported in ${limits.deadlineMs / 1000} s: ${text}`,
          'See kubectl -n wireproof-system get pods, and kubectl get wireproofnodes -o wide. The next up goes on waiting.',
        )
      await sleep(limits.pauseMs, undefined, { signal })
    }
  }
  return {
    secrets: ['kubeconfig'],

    diff(state, inputs) {
      const replaces = state.cluster === inputs.cluster ? [] : ['cluster']
      const asksForMore = JSON.stringify(state.wanted) !== JSON.stringify(inputs.wanted)
      return {
        changed: [...replaces, ...(asksForMore ? ['wanted'] : [])],
        replaces,
      }
    },

    async create(inputs, watching) {
      return { id: inputs.cluster, state: await wait(inputs, watching) }
    },

    update: (_state, inputs, watching) => wait(inputs, watching),
  }
}

/** What the agents say; while the API server does not answer, that it does not. */
async function ask(
  { kubeconfig, wanted }: AgentRolloutInputs,
  signal: AbortSignal,
): Promise<{ agents: readonly AgentReport[]; waitingFor: readonly string[] }> {
  signal.throwIfAborted()
  const config = new KubeConfig()
  config.loadFromString(kubeconfig)
  const api = new ApiServer(config)
  try {
    const [nodes, reports] = (await Promise.all([
      api.get('/api/v1/nodes', signal),
      api.get(`/apis/${apiGroup}/${apiVersion}/${plurals.wireproofNodes}`, signal),
    ])) as [List<{ metadata: { name: string } }>, List<WireproofNode>]
    const agents = agentReports(
      nodes.items.map(({ metadata }) => metadata.name),
      reports.items,
    )
    return { agents, waitingFor: unmet(agents, wanted) }
  } catch (error) {
    signal.throwIfAborted()
    return { agents: [], waitingFor: [`the API server does not answer: ${(error as Error).message}`] }
  }
}

interface List<Item> {
  readonly items: readonly Item[]
}
