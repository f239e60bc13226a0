import type { Xfrm, XfrmPolicy, XfrmState } from '@wireproof/netlink'
import { type Difference, difference } from '../plan/difference.ts'
import { peerOf } from '../plan/ownership.ts'
import { type DesiredState, nameOfPolicy, nameOfState, samePolicy, sameState } from '../plan/security.ts'

/** Our associations and policies, as the kernel has them now. */
export interface PresentSecurity {
  readonly states: readonly XfrmState[]
  readonly policies: readonly XfrmPolicy[]
}

export function readSecurity(xfrm: Xfrm): PresentSecurity {
  return {
    states: xfrm.states().filter((state) => peerOf(state.reqid) !== undefined),
    policies: xfrm.policies().filter((policy) => peerOf(policy.template?.reqid) !== undefined),
  }
}

export interface SecurityDifference {
  readonly states: Difference<DesiredState, XfrmState>
  readonly policies: Difference<XfrmPolicy, XfrmPolicy>
}

export function compareSecurity(
  desired: { readonly states: readonly DesiredState[]; readonly policies: readonly XfrmPolicy[] },
  present: PresentSecurity,
): SecurityDifference {
  return {
    states: difference<DesiredState, XfrmState>(desired.states, present.states, nameOfState, sameState),
    policies: difference<XfrmPolicy, XfrmPolicy>(
      desired.policies,
      present.policies,
      nameOfPolicy,
      samePolicy,
    ),
  }
}

/**
 * Adds what is missing. Policies for arriving packets come before the associations that decrypt them, and outbound
 * associations before the policies that name them: at no moment does a policy change to an association that is not there.
 */
export function addSecurity(xfrm: Xfrm, { states, policies }: SecurityDifference): void {
  const wanted = [...policies.add, ...policies.change.map(({ to }) => to)]
  xfrm.updatePolicies(wanted.filter((policy) => policy.direction !== 'out'))
  // The kernel would keep the old key, and its sequence numbers, in an update.
  xfrm.deleteStates(states.change.map(({ from }) => from))
  xfrm.addStates([...states.add, ...states.change.map(({ to }) => to)])
  xfrm.updatePolicies(wanted.filter((policy) => policy.direction === 'out'))
}

/** Overwrites copies of keys that were read from the kernel, once they have been compared. */
export function overwriteKeys(states: readonly XfrmState[]): void {
  for (const { aead, authentication, encryption } of states)
    for (const algorithm of [aead, authentication, encryption]) algorithm?.key.fill(0)
}
