import type { WireproofNode } from '../../agent/kubernetes/node-status.ts'

/** What an agent says of its node. */
export interface AgentReport {
  readonly node: string
  /** `True`, `False` or `Unknown`, as Kubernetes has it; empty where there has been no word. */
  readonly encrypting: string
  /** Such as `Strict`, `Permissive`, `SwitchedOff`, `NoESP`. */
  readonly reason: string
  readonly message: string
  readonly keyId?: number
}

/** What the stack's configuration asks of every agent. */
export interface Wanted {
  readonly encryptL3: boolean
  readonly strict: boolean
  readonly keyId: number
}

/** One for each node of the cluster, in the order of their names. */
export function agentReports(nodes: readonly string[], reports: readonly WireproofNode[]): AgentReport[] {
  return [...nodes].sort().map((node) => {
    const status = reports.find(({ metadata }) => metadata.name === node)?.status
    const condition = status?.conditions?.find(({ type }) => type === 'Encrypting')
    return {
      node,
      encrypting: condition?.status ?? '',
      reason: condition?.reason ?? '',
      message: condition?.message ?? '',
      ...(status?.keyId !== undefined && { keyId: status.keyId }),
    }
  })
}

/** What is still to be waited for, as sentences; an agent that cannot encrypt has said its last word on it. */
export function unmet(agents: readonly AgentReport[], wanted: Wanted): string[] {
  if (agents.length === 0) return ['there is no node']
  return agents.flatMap((agent) => unmetBy(agent, wanted) ?? [])
}

function unmetBy(
  { node, encrypting, reason, message, keyId }: AgentReport,
  wanted: Wanted,
): string | undefined {
  if (encrypting === '') return `no agent has been heard of on ${node}`
  if (encrypting === 'Unknown') return `${node}: ${message}`
  if (keyId !== wanted.keyId) return `${node} has key ${keyId ?? 'none'}, not yet ${wanted.keyId}`
  if (reason === 'NoESP') return undefined
  const expected = wanted.encryptL3 ? (wanted.strict ? 'Strict' : 'Permissive') : 'SwitchedOff'
  return reason === expected ? undefined : `${node} is ${reason}, not yet ${expected}`
}
