import type { Xfrm, XfrmAlgorithms, XfrmPolicy, XfrmState, XfrmStateOptions } from '@wireproof/netlink'
import { type Difference, difference } from '../plan/difference.ts'
import { isOwnPolicy, isOwnState } from '../plan/ownership.ts'
import { type DesiredState, nameOfPolicy, nameOfState, samePolicy, sameState } from '../plan/security.ts'

/** Our associations and policies, as the kernel has them now. */
export function readSecurity(xfrm: Xfrm): { states: XfrmState[]; policies: XfrmPolicy[] } {
  return {
    states: xfrm.states().filter((state) => isOwnState(state)),
    policies: xfrm.policies().filter(isOwnPolicy),
  }
}

export interface SecurityDifference {
  readonly states: Difference<DesiredState, XfrmStateOptions>
  readonly policies: Difference<XfrmPolicy, XfrmPolicy>
}

export function compareSecurity(
  desired: { readonly states: readonly DesiredState[]; readonly policies: readonly XfrmPolicy[] },
  present: { readonly states: readonly XfrmStateOptions[]; readonly policies: readonly XfrmPolicy[] },
): SecurityDifference {
  return {
    states: difference<DesiredState, XfrmStateOptions>(
      desired.states,
      present.states,
      nameOfState,
      sameState,
    ),
    policies: difference<XfrmPolicy, XfrmPolicy>(
      desired.policies,
      present.policies,
      nameOfPolicy,
      samePolicy,
    ),
  }
}

/** Overwrites copies of keys that were read from the kernel, once they have been compared. */
export function overwriteKeys(states: Iterable<XfrmAlgorithms>): void {
  for (const { aead, authentication, encryption } of states)
    for (const algorithm of [aead, authentication, encryption]) algorithm?.key.fill(0)
}
