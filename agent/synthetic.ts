import type { AgentStatus, Flow, FlowLoss } from './api.ts'

/** What a healthy agent of two nodes would say: tests change one thing in it. */
export function syntheticStatus(changes: Partial<AgentStatus> = {}): AgentStatus {
  return {
    node: 'n1',
    pid: 1,
    started: '2026-11-25T10:00:00.000Z',
    suite: 'aes-gcm-128',
    encryptL3: true,
    strict: true,
    settled: true,
    waiting: [],
    problems: [],
    notices: [],
    key: { id: 3, since: '2026-11-25T10:00:01.000Z' },
    peers: [
      {
        node: 'n2',
        outboundSpi: 0x30010001,
        inboundSpi: 0x30020002,
        outboundEpoch: 3,
        inboundEpoch: 3,
        sends: true,
        receives: true,
        lastDecrypted: '2026-11-25T10:04:00.000Z',
      },
    ],
    pods: ['a'],
    counters: { 'to-wire/encrypted/protected': { packets: 1, bytes: 100 } },
    sequence: { highest: 4711, limit: 2 ** 36 },
    sessions: { entries: 1, capacity: 10, begun: 2, evicted: 1, refused: 0 },
    refused: {},
    events: { told: 3, remembered: 3, lost: 0 },
    ...changes,
  }
}

/** From pod a on n1 to pod b on n2, encrypted, as n1 tells it. */
export function syntheticFlow(changes: Partial<Flow> = {}): Flow {
  return {
    time: '1795600800000000000',
    node: 'n1',
    hook: 'from-pod',
    protocol: 'tcp',
    source: '10.0.1.2',
    destination: '10.0.2.2',
    sourcePort: 40_000,
    destinationPort: 80,
    sourcePod: 'a',
    destinationPod: 'b',
    sourceNode: 'n1',
    destinationNode: 'n2',
    sourceLabels: { app: 'a' },
    destinationLabels: { app: 'b' },
    verdict: 'encrypted',
    reason: 'protected',
    encrypted: true,
    epoch: 3,
    packets: 4,
    bytes: 400,
    ...changes,
  }
}

export function syntheticLoss(changes: Partial<FlowLoss> = {}): FlowLoss {
  return { time: '1795600800000000000', node: 'n1', where: 'ring', lost: 7, ...changes }
}
