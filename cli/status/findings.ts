import type { AgentStatus, FlowReason } from '../../agent/api.ts'
import { explainXfrmError } from './xfrm-errors.ts'

/** Something a person should know of a node. */
export interface Finding {
  readonly node: string
  /** `broken`: the node does not do what it should. `notable`: it does, and something happened. */
  readonly severity: 'broken' | 'notable'
  readonly says: string
  readonly remedy: string
}

/** What a node's agent answered, or why it did not. */
export interface NodeAnswer {
  readonly node: string
  readonly status?: AgentStatus
  readonly problem?: string
}

const drops: Readonly<Record<FlowReason, readonly [means: string, remedy: string]>> = {
  'clear-on-wire': [
    'protected packets were about to leave in clear, and were stopped',
    'Their IPsec policy or SA is missing: see what this node waits for, and its log.',
  ],
  'clear-from-wire': [
    'packets arrived in clear in a pod’s name, and were refused',
    'Find who sends them: wireproof monitor --verdict dropped, and wireproof capture wire.',
  ],
  'wrong-node': [
    'packets were opened by the SA of another node than their pod lives on',
    'A node speaks for pods that are not its own, or a pod has just moved.',
  ],
  'spoofed-source': [
    'a pod sent under an address that is not its own, or somebody on the wire under a service’s',
    'Find who: wireproof monitor --verdict dropped.',
  ],
  'unknown-node': [
    'packets to an address that no node has claimed were held back',
    'The node of that pod has not come yet, or has gone: see the nodes of the cluster.',
  ],
  'policy-denied': [
    'a network policy denied packets',
    'That is its purpose; which rule it was: wireproof monitor --verdict dropped.',
  ],
  malformed: ['packets had headers that make no sense', 'Capture them at the pod: wireproof capture <pod>.'],
  'not-configured': [
    'packets came before the agent had told the datapath what to do',
    'It passes once the agent has started.',
  ],
  'same-node': ['packets between pods of this node were dropped', 'Report it: it should not happen.'],
  'not-protected': ['packets that are not protected were dropped', 'Report it: it should not happen.'],
  'out-of-scope': [
    'packets that no encryption policy covers were dropped',
    'Report it: it should not happen.',
  ],
  service: ['packets to a service were dropped', 'Report it: it should not happen.'],
  exempt: ['packets that may pass in clear were dropped', 'Report it: it should not happen.'],
  'encryption-off': ['packets were dropped although encryption is off', 'Report it: it should not happen.'],
  protected: ['protected packets were dropped', 'Report it: it should not happen.'],
}

/** Everything worth telling about a node, what is broken first. */
export function findingsOf({ node, status, problem }: NodeAnswer): Finding[] {
  if (!status) {
    const remedy = `What is in its kernel stays in force, but nobody repairs it. See wireproof logs ${node}.`
    return [{ node, severity: 'broken', says: problem ?? 'its agent does not answer', remedy }]
  }
  const broken = (says: string, remedy: string): Finding => ({ node, severity: 'broken', says, remedy })
  return [
    ...modeFindings(status, broken),
    ...status.waiting.map((what) => broken(`waits for ${what}`, 'Start the agent it waits for.')),
    ...status.problems
      .filter((what) => !status.waiting.includes(what))
      .map((what) => broken(what, 'Mend it in the cluster store; until then what it said before counts.')),
    ...peerFindings(status, broken),
    ...sequenceFindings(status, broken),
    ...notableFindings(status),
  ]
}

type Broken = (says: string, remedy: string) => Finding

function modeFindings({ encryptL3, strict }: AgentStatus, broken: Broken): Finding[] {
  if (!encryptL3)
    return [
      broken(
        'ENCRYPTION IS OFF: pods speak in clear',
        'wireproof up --enable-encrypt-l3, or encryptL3 in the cluster store.',
      ),
    ]
  if (strict) return []
  const remedy = 'wireproof up --strict, or strict in the cluster store.'
  return [broken('STRICT IS OFF: what cannot be encrypted leaves in clear', remedy)]
}

function peerFindings({ peers }: AgentStatus, broken: Broken): Finding[] {
  return peers.flatMap(({ node, sends, receives, waiting }) => {
    if (waiting !== undefined || (sends && receives)) return []
    const what = sends ? 'receives nothing from' : receives ? 'cannot send to' : 'has no SA with'
    return [
      broken(
        `${what} ${node}`,
        'The agent puts it back in its next pass, within a minute; else see its log.',
      ),
    ]
  })
}

function sequenceFindings({ sequence: { highest, limit } }: AgentStatus, broken: Broken): Finding[] {
  // At the limit the agent takes new keys, so more means that it does not.
  if (highest <= limit) return []
  const share = Math.round((highest / limit) * 100)
  const remedy = 'Rotate the cluster key: at 100 % nothing leaves any more.'
  return [broken(`an SA has used ${share} % of its sequence numbers`, remedy)]
}

function notableFindings({ node, notices, refused, counters, events }: AgentStatus): Finding[] {
  const notable = (says: string, remedy: string): Finding => ({ node, severity: 'notable', says, remedy })
  const noticed = notices.map((says) => notable(says, 'Nothing is refused or changed for it.'))
  const errors = Object.entries(refused).map(([counter, count]) => {
    const { means, remedy } = explainXfrmError(counter)
    return notable(`${counter} ${count}: ${means}`, remedy)
  })
  const dropped = Object.entries(dropsByReason(counters)).map(([reason, packets]) => {
    const [means, remedy] = drops[reason as FlowReason]
    return notable(`dropped ${packets} (${reason}): ${means}`, remedy)
  })
  const lost =
    events.lost === 0
      ? []
      : [
          notable(
            `${events.lost} flow events lost: more flows than could be told of`,
            'Counters are exact still.',
          ),
        ]
  return [...noticed, ...errors, ...dropped, ...lost]
}

/** Dropped packets since the agent began, of all hooks. */
export function dropsByReason(counters: AgentStatus['counters']): Partial<Record<FlowReason, number>> {
  const sums: Partial<Record<FlowReason, number>> = {}
  for (const [name, { packets }] of Object.entries(counters)) {
    const [, verdict, reason] = name.split('/') as [string, string, FlowReason]
    if (verdict === 'dropped') sums[reason] = (sums[reason] ?? 0) + packets
  }
  return sums
}

export function isHealthy(answer: NodeAnswer): boolean {
  return findingsOf(answer).every(({ severity }) => severity === 'notable')
}
