import type { AgentStatus } from '../api.ts'
import { Malformed, parseAnnouncement } from '../cluster/parse.ts'
import type { Announcement, Life } from '../cluster/state.ts'
import type { ApiObject } from './follow.ts'

/** What an agent says of its node, to the others and to people. */
export interface WireproofNodeStatus {
  readonly incarnation?: string
  /** The resource version that the incarnation was written at. */
  readonly lifeRevision?: number
  readonly announcement?: Announcement
  readonly suite?: string
  readonly keyId?: number
  readonly peers?: number
  readonly conditions?: readonly Condition[]
}

export interface Condition {
  readonly type: 'Ready' | 'Encrypting'
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
  readonly lastTransitionTime: string
}

export interface WireproofNode extends ApiObject {
  readonly status?: WireproofNodeStatus
}

/**
 * The life that a node has published. Its revision is the version of the object that first had the incarnation, which etcd
 * counts for the whole cluster: until the node has said which that was, it is the version the object has, as the node writes
 * nothing else before. Undefined while there is no life.
 */
export function lifeOf({ metadata, status }: WireproofNode): Life | undefined {
  if (status?.incarnation === undefined) return undefined
  return {
    incarnation: status.incarnation,
    revision: status.lifeRevision ?? Number(metadata.resourceVersion),
  }
}

/** Undefined where there is none that makes sense: of such a node nothing is known. */
export function announcementOf({ status }: WireproofNode): Announcement | undefined {
  try {
    return status?.announcement && parseAnnouncement(status.announcement)
  } catch (error) {
    if (error instanceof Malformed) return undefined
    throw error
  }
}

/** What is told of an agent's state; of one that does not answer, why not. */
export function toldOf(
  agent: AgentStatus | string,
  before: WireproofNodeStatus | undefined,
  now: string,
): Pick<WireproofNodeStatus, 'suite' | 'keyId' | 'peers' | 'conditions'> {
  const condition = (type: Condition['type'], stated: Pick<Condition, 'status' | 'reason' | 'message'>) => {
    const last = before?.conditions?.find((each) => each.type === type)
    return {
      type,
      ...stated,
      lastTransitionTime: last?.status === stated.status ? last.lastTransitionTime : now,
    }
  }
  if (typeof agent === 'string') {
    const unknown = { status: 'Unknown', reason: 'AgentSilent', message: agent } as const
    return { conditions: [condition('Ready', unknown), condition('Encrypting', unknown)] }
  }
  return {
    ...(agent.suite !== undefined && { suite: agent.suite }),
    keyId: agent.key.id,
    peers: agent.peers.length,
    conditions: [condition('Ready', readiness(agent)), condition('Encrypting', encryption(agent))],
  }
}

function readiness({
  settled,
  waiting,
  problem,
}: AgentStatus): Pick<Condition, 'status' | 'reason' | 'message'> {
  if (!settled) return { status: 'False', reason: 'Waiting', message: waiting.join('; ') }
  return { status: 'True', reason: 'Settled', message: problem ?? '' }
}

function encryption({
  obstacle,
  encryptL3,
  strict,
}: AgentStatus): Pick<Condition, 'status' | 'reason' | 'message'> {
  if (obstacle !== undefined) return { status: 'False', reason: 'NoESP', message: obstacle }
  if (!encryptL3)
    return { status: 'False', reason: 'SwitchedOff', message: 'the settings say not to encrypt' }
  return {
    status: 'True',
    reason: strict ? 'Strict' : 'Permissive',
    message: strict ? '' : 'what is not encrypted yet passes in clear, and is counted',
  }
}
