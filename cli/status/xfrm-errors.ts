/** A counter of /proc/net/xfrm_stat in words (Documentation/networking/xfrm_proc.rst, net/xfrm/xfrm_input.c and _output.c). */
export interface Explanation {
  /** What happened to the packets. */
  readonly means: string
  readonly remedy: string
}

const keysDiffer =
  'Compare key ids with wireproof status on both nodes; rotate the cluster key if they agree and it goes on.'
const passes = 'Some are normal while keys change; if it goes on, read wireproof logs of this node.'
const report = 'It should not happen here: report it with wireproof status --json of both nodes.'
const foreign = 'See ip xfrm policy and ip xfrm state on this node for what is not ours (reqid not 0x5750….).'

export const xfrmErrors: Readonly<Record<string, Explanation>> = {
  XfrmInError: {
    means: 'arriving packets failed after decryption: often the route to the pod was gone',
    remedy: 'Look for pods that have just been removed, and at ip route on this node.',
  },
  XfrmInBufferError: {
    means: 'the kernel had no memory for arriving packets',
    remedy: 'Give the node more memory.',
  },
  XfrmInHdrError: {
    means: 'arriving ESP packets had broken headers',
    remedy: 'Look for a device on the path that changes packets; capture with wireproof capture.',
  },
  XfrmInNoStates: {
    means: 'ESP arrived for an SPI that this node has no SA for',
    remedy: `A peer sends under keys this node does not have (yet, or any more). ${passes}`,
  },
  XfrmInStateProtoError: {
    means: 'ESP did not authenticate: the keys of both ends differ, or the packet was changed or forged',
    remedy: keysDiffer,
  },
  XfrmInStateModeError: {
    means: 'what was inside an arriving ESP packet did not fit its SA’s mode',
    remedy: foreign,
  },
  XfrmInStateSeqError: {
    means: 'arriving ESP was outside the replay window, or was there before: replayed, or badly out of order',
    remedy:
      'Look for somebody who records and replays, or for a path that reorders by more than 1,024 packets.',
  },
  XfrmInStateExpired: {
    means: 'ESP arrived for an SA whose lifetime is over',
    remedy: foreign,
  },
  XfrmInStateMismatch: {
    means: 'a packet came by an SA that its policy does not allow, or without one where one is due',
    remedy: foreign,
  },
  XfrmInStateInvalid: {
    means: 'ESP arrived for an SA that was just being deleted',
    remedy: passes,
  },
  XfrmInTmplMismatch: {
    means: 'a packet arrived that policies want encrypted in another way',
    remedy: 'Look for cleartext in a pod’s name with wireproof monitor --unencrypted.',
  },
  XfrmInNoPols: {
    means: 'decrypted packets met no policy that allows them',
    remedy: `Inbound policies are missing; the agent puts them back. ${passes}`,
  },
  XfrmInPolBlock: { means: 'a policy says to block what arrived', remedy: foreign },
  XfrmInPolError: { means: 'looking up a policy for arriving packets failed', remedy: report },
  XfrmOutError: {
    means: 'encrypting failed for want of a buffer, or of a checksum',
    remedy: 'Give the node more memory; if it has enough, report it.',
  },
  XfrmOutBundleGenError: {
    means: 'the kernel could not put the route and the SA of leaving packets together',
    remedy: 'See whether the peer is reachable from this node: ip route get <its address>.',
  },
  XfrmOutBundleCheckError: {
    means: 'the route or SA of leaving packets was out of date',
    remedy: passes,
  },
  XfrmOutNoStates: {
    means: 'pods sent to a node that there is no SA for yet: dropped, not sent in clear',
    remedy: 'wireproof status says what this node waits for; the peer’s agent may not run.',
  },
  XfrmOutStateProtoError: { means: 'ESP could not be made: the cipher failed', remedy: report },
  XfrmOutStateModeError: {
    means: 'leaving packets did not fit their SA: often too large for the path with DF set',
    remedy: 'Set the pods’ MTU to that of the wire less 64 bytes.',
  },
  XfrmOutStateSeqError: {
    means: 'the SA’s sequence numbers are used up: nothing leaves by it any more',
    remedy: 'Rotate the cluster key now. Agents rekey at half; this one must have been away for long.',
  },
  XfrmOutStateExpired: { means: 'the SA’s lifetime was over', remedy: foreign },
  XfrmOutPolBlock: {
    means: 'a policy says to block: dropped, not sent in clear',
    remedy: foreign,
  },
  XfrmOutPolDead: { means: 'the policy was just being deleted', remedy: passes },
  XfrmOutPolError: { means: 'looking up a policy for leaving packets failed', remedy: report },
  XfrmFwdHdrError: {
    means: 'decrypted packets could not be forwarded: the route to the pod was gone',
    remedy: 'Look for pods that have just been removed, and at ip route on this node.',
  },
  XfrmOutStateInvalid: { means: 'the SA was just being deleted', remedy: passes },
  XfrmAcquireError: {
    means: 'packets waited for a key exchange that did not come',
    remedy: foreign,
  },
  XfrmOutStateDirError: {
    means: 'leaving packets met an SA for arriving ones',
    remedy: foreign,
  },
  XfrmInStateDirError: {
    means: 'arriving packets met an SA for leaving ones',
    remedy: foreign,
  },
  XfrmInIptfsError: { means: 'arriving packets broke the rules of IP-TFS', remedy: foreign },
  XfrmOutNoQueueSpace: { means: 'the queue of IP-TFS was full', remedy: foreign },
}

/** @param counter a name of /proc/net/xfrm_stat, a newer kernel's included. */
export function explainXfrmError(counter: string): Explanation {
  const unknown = {
    means: 'this kernel counts something that this version does not know',
    remedy: `Look for ${counter} in its Documentation/networking/xfrm_proc.rst.`,
  }
  return xfrmErrors[counter] ?? unknown
}
