import type { Xfrm, XfrmPolicy, XfrmState, XfrmStateOptions } from '@wireproof/netlink'
import { type Difference, difference } from '../plan/difference.ts'
import { peerOf } from '../plan/ownership.ts'
import { type DesiredState, nameOfPolicy, nameOfState, samePolicy, sameState } from '../plan/security.ts'
import { AgentProblem } from '../problem.ts'

/** Our associations and policies, as the kernel has them now. */
export function readSecurity(xfrm: Xfrm): { states: XfrmState[]; policies: XfrmPolicy[] } {
  return {
    states: xfrm.states().filter((state) => peerOf(state.reqid) !== undefined),
    policies: xfrm.policies().filter((policy) => peerOf(policy.template?.reqid) !== undefined),
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

const probe: XfrmStateOptions = {
  source: '127.0.0.1',
  destination: '127.0.0.1',
  spi: 0x0fff_fff0,
  reqid: 0x5700_0000,
  mode: 'tunnel',
  aead: { name: 'rfc4106(gcm(aes))', key: Buffer.alloc(20), icvBits: 128 },
  replayWindow: 0,
}

/**
 * Makes sure that this kernel can encrypt, by installing an association that nothing uses and taking it away again.
 *
 * @throws AgentProblem ENOESP
 */
export function requireEsp(xfrm: Xfrm): void {
  try {
    xfrm.addStates([probe])
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === 'EPERM')
      throw new AgentProblem(
        'EPERM',
        3,
        'this process may not configure IPsec',
        'Run the agent with CAP_NET_ADMIN.',
      )
    if (code !== 'EEXIST')
      throw new AgentProblem(
        'ENOESP',
        3,
        `this kernel cannot encrypt: it has no ESP with AES-GCM (${code})`,
        'Use a kernel with CONFIG_INET_ESP and CONFIG_CRYPTO_GCM, or --kernel uml.',
      )
  }
  xfrm.deleteStates([probe])
}
