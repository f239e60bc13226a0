import { type AgentStatus, type Flow, type FlowLoss, type FlowRecord, isLoss } from '../../agent/api.ts'
import { auditFlows, isEnvelope, outcomeOf } from './flows.ts'
import type { AuditedFlow, AuditedNode, AuditReport } from './schema.ts'

/** What one node's agent had to say of the window. */
export interface Testimony {
  readonly node: string
  readonly status?: AgentStatus
  readonly records: readonly FlowRecord[]
  /** Why it did not answer, or not to the end. */
  readonly problem?: string
  /** Packets in clear that its counters rose by within the window, where that was watched. */
  readonly clearPackets?: number
}

export interface Window {
  readonly from: Date
  readonly to: Date
}

export interface Audit {
  readonly report: AuditReport
  /** Every flow in scope, those that are as they should be included. */
  readonly flows: readonly AuditedFlow[]
}

/** One flow in clear is enough, whatever else is missing. Without one, nothing may be missing. */
export function judgeAudit(
  cluster: string,
  window: Window,
  testimonies: readonly Testimony[],
  created: Date,
): Audit {
  const events = testimonies.flatMap(({ records }) =>
    records.filter((each): each is Flow => !isLoss(each) && !isEnvelope(each)),
  )
  const flows = auditFlows(events)
  const of = (outcome: AuditedFlow['outcome']) => flows.filter((flow) => flow.outcome === outcome)
  const violations = of('clear')
  const uncovered = [...unexplained(testimonies), ...violationsSay(violations)]
  const doubts = [
    ...doubtsOf(testimonies, window),
    ...(flows.some(({ outcome }) => outcome !== 'held-back')
      ? []
      : ['no flow between nodes was seen encrypted']),
  ]
  return {
    flows,
    report: {
      format: 'wireproof-audit',
      version: 1,
      cluster,
      created: created.toISOString(),
      window: { from: window.from.toISOString(), to: window.to.toISOString() },
      conclusion: uncovered.length > 0 ? 'not-encrypted' : doubts.length > 0 ? 'inconclusive' : 'encrypted',
      because: [...uncovered, ...doubts],
      nodes: testimonies.map(nodeOf),
      flows: {
        encrypted: of('encrypted').length,
        clear: violations.length,
        heldBack: of('held-back').length,
        outOfScope: events.filter((event) => outcomeOf(event) === undefined).length,
      },
      violations,
      heldBack: of('held-back'),
    },
  }
}

function violationsSay(violations: readonly AuditedFlow[]): string[] {
  if (violations.length === 0) return []
  const flows = violations.length === 1 ? '1 flow was' : `${violations.length} flows were`
  return [`${flows} not encrypted`]
}

/** The counters miss nothing: what they saw in clear must be among the events. */
function unexplained(testimonies: readonly Testimony[]): string[] {
  return testimonies.flatMap(({ node, records, clearPackets = 0 }) => {
    const isTold = records.some((record) => !isLoss(record) && outcomeOf(record) === 'clear')
    return clearPackets > 0 && !isTold
      ? [`${node} counted ${clearPackets} packets in clear that no event tells of`]
      : []
  })
}

function doubtsOf(testimonies: readonly Testimony[], window: Window): string[] {
  return testimonies.flatMap(({ node, status, records, problem }) => [
    ...(problem === undefined ? [] : [`${node} did not answer: ${problem}`]),
    ...(status && Date.parse(status.started) > window.from.getTime()
      ? [`${node}’s agent began within the window, at ${status.started}: it knows nothing of before`]
      : []),
    ...records.filter(isLoss).map((loss) => lossSays(loss)),
  ])
}

function lossSays({ node, where, lost }: FlowLoss): string {
  if (where === 'history') return `${node} does not remember the whole window: up to ${lost} events are gone`
  return `${node} lost ${lost} events (${where === 'ring' ? 'its ring buffer was full' : 'we read too slowly'})`
}

function nodeOf({ node, status, records, problem }: Testimony): AuditedNode {
  return {
    node,
    answered: status !== undefined && problem === undefined,
    ...(problem === undefined ? {} : { problem }),
    ...(status
      ? {
          encryptL3: status.encryptL3,
          strict: status.strict,
          ...(status.suite === undefined ? {} : { suite: status.suite }),
          keyId: status.key.id,
          ...(status.key.since === undefined ? {} : { keySince: status.key.since }),
          agentSince: status.started,
          peers: status.peers.length,
        }
      : {}),
    eventsLost: records.filter(isLoss).reduce((sum, { lost }) => sum + lost, 0),
  }
}

/** Packets in clear since the agent began, by its counters. */
export function clearPacketsOf({ counters }: AgentStatus): number {
  return Object.entries(counters).reduce((sum, [name, { packets }]) => {
    const [, verdict, reason] = name.split('/')
    return verdict === 'clear' || reason === 'clear-from-wire' ? sum + packets : sum
  }, 0)
}
