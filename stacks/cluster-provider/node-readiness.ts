import type { Survey } from '../../agent/kubernetes/survey.ts'
import { taskReport } from '../../deploy/kubernetes/node-task.ts'
import { Problem } from '../../lab/problem.ts'
import type { SuiteName } from '../../lab/suites.ts'
import type { NodeTasks } from './node-tasks.ts'
import type { ResourceKind, Watching } from './resource-kind.ts'
import type { Ending } from './task-ending.ts'

export interface NodeReadinessInputs {
  readonly kubeconfig: string
  readonly cluster: string
  /** The agent's. */
  readonly image: string
  readonly suite: SuiteName
  /** The device by which agents will expect the others. */
  readonly wire: string
  /** Whether a node that cannot encrypt is left without an agent, and so are all. */
  readonly refuses: boolean
}

export interface NodeReadinessState extends NodeReadinessInputs {
  readonly nodes: readonly NodeFinding[]
}

export interface NodeFinding extends Survey {
  readonly node: string
  /** Why it could not be looked at. */
  readonly failure?: string
}

/**
 * The nodes of a cluster that is not the stack's own: looked at before an agent guards them, and given back as they were when the
 * agents have gone, since what an agent has put into a kernel stays there.
 */
export function nodeReadiness(tasks: NodeTasks): ResourceKind<NodeReadinessInputs, NodeReadinessState> {
  const look = async (inputs: NodeReadinessInputs, watching: Watching): Promise<NodeReadinessState> => {
    const command = [
      ...['node', 'agent/kubernetes/survey.ts', `--suite=${inputs.suite}`],
      ...['--address=$(ADDRESS)', `--report=${taskReport}`],
    ]
    const endings = await tasks.run(inputs, { name: 'wireproof-survey', command }, watching)
    const nodes = [...endings].map(([node, ending]) => findingOf(node, ending))
    const refusal = refusalOf(nodes, inputs)
    if (refusal) throw refusal
    return { ...inputs, nodes }
  }
  return {
    secrets: ['kubeconfig'],

    diff(state, inputs) {
      const replaces = state.cluster === inputs.cluster ? [] : ['cluster']
      const changed = (['kubeconfig', 'image', 'suite', 'wire', 'refuses'] as const).filter(
        (property) => state[property] !== inputs[property],
      )
      return { changed: [...replaces, ...changed], replaces }
    },

    async create(inputs, watching) {
      return { id: inputs.cluster, state: await look(inputs, watching) }
    },

    update: (_state, inputs, watching) => look(inputs, watching),

    async delete(state, watching) {
      await tasks.awaitNoAgents(state.kubeconfig, watching)
      const command = ['node', 'agent/main.ts', '--cleanup', `--wire=${state.wire}`]
      const endings = await tasks.run(state, { name: 'wireproof-clean-up', command }, watching)
      for (const [node, ending] of endings)
        if (ending.kind !== 'done')
          watching.warn(
            `what agents put into the kernel of ${node} is still there, until it is started anew: it ${whyOf(ending)}`,
          )
    },
  }
}

function findingOf(node: string, ending: Ending): NodeFinding {
  if (ending.kind === 'done') return { node, ...(JSON.parse(ending.report) as Survey) }
  return { node, failure: whyOf(ending) }
}

function whyOf(ending: Exclude<Ending, { kind: 'done' }>): string {
  return ending.kind === 'failed' ? ending.why : 'has not ended in time'
}

/** Why agents are not started; undefined where nothing speaks against them. */
export function refusalOf(
  nodes: readonly NodeFinding[],
  { wire, refuses, image }: Pick<NodeReadinessInputs, 'wire' | 'refuses' | 'image'>,
): Problem | undefined {
  const failed = nodes.find(({ failure }) => failure !== undefined)
  if (failed)
    return new Problem(
      'ESURVEY',
      4,
      `${failed.node} could not be looked at: it ${failed.failure}`,
      `Every node must be able to have ${image}: put it into a registry that they reach, and set wireproof:agentImage.`,
    )
  const without = nodes.filter(({ obstacle }) => obstacle !== undefined)
  if (refuses && without.length > 0)
    return new Problem(
      'ENOESP',
      3,
      `on ${without.map(({ node }) => node).join(', ')}: ${without[0]!.obstacle}`,
      'Give those nodes a kernel that has it, or set wireproof:withoutEsp to guard: in strict mode pods there then reach no pod on ' +
        'another node.',
    )
  const elsewhere = nodes.find((node) => node.wire !== undefined && node.wire !== wire)
  if (elsewhere)
    return new Problem(
      'EWIRE',
      2,
      `${elsewhere.node} has its address at ${elsewhere.wire}, and not at ${wire}`,
      `Set it: npm run pulumi -- config set wireproof:wire ${elsewhere.wire}.`,
    )
  return undefined
}
