/** How somebody can try to get packets to pods that no pod sent. */
export const attemptKinds = [
  'clear',
  'made-up-spi',
  'wrong-key',
  'replayed',
  'neighbour',
  'elsewhere',
  'wrong-node',
] as const
export type AttemptKind = (typeof attemptKinds)[number]

/** What an attempt is, and who has to stop it. */
export interface AttemptPlan {
  /** Where it comes out: at a port of the wire that faces no node, at a pod, or sealed by a node. */
  readonly comesFrom: 'stranger' | 'pod' | 'node'
  readonly what: string
  readonly stoppedBy: 'agent' | 'kernel'
  /** Of the node that has to stop it: an agent's counter, or the kernel's name for its reason. */
  readonly counter: string
}

export const attemptPlans: Readonly<Record<AttemptKind, AttemptPlan>> = {
  clear: {
    comesFrom: 'stranger',
    what: 'a packet in clear, under a pod’s address',
    stoppedBy: 'agent',
    counter: 'from-wire/dropped/clear-from-wire',
  },
  'made-up-spi': {
    comesFrom: 'stranger',
    what: 'ESP with an SPI that nobody has',
    stoppedBy: 'kernel',
    counter: 'XfrmInNoStates',
  },
  'wrong-key': {
    comesFrom: 'stranger',
    what: 'ESP with a real SPI, under another key',
    stoppedBy: 'kernel',
    counter: 'XfrmInStateProtoError',
  },
  replayed: {
    comesFrom: 'stranger',
    what: 'an ESP packet of a node, overheard and sent again',
    stoppedBy: 'kernel',
    counter: 'XfrmInStateSeqError',
  },
  neighbour: {
    comesFrom: 'pod',
    what: 'a packet under the address of a pod on the same node',
    stoppedBy: 'agent',
    counter: 'from-pod/dropped/spoofed-source',
  },
  elsewhere: {
    comesFrom: 'pod',
    what: 'a packet under the address of a pod on another node',
    stoppedBy: 'agent',
    counter: 'from-pod/dropped/spoofed-source',
  },
  'wrong-node': {
    comesFrom: 'node',
    what: 'a packet under the address of another node’s pod, sealed with this node’s own key',
    stoppedBy: 'agent',
    counter: 'from-wire/dropped/wrong-node',
  },
}
