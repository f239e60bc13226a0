import { detachTc } from '@wireproof/libbpf'
import { openRoute, openXfrm } from '@wireproof/netlink'
import { removeOverlay } from './overlay.ts'
import { podOfLink } from './pods.ts'
import { ownRoutes, removeRoute } from './routes.ts'
import { removeSettlingRules } from './settling-rules.ts'
import { readSecurity } from './xfrm.ts'

/**
 * Takes away everything of ours in this namespace. Routes go first, so that nothing can leave in clear between the end
 * of encryption and the end of the gates.
 */
export function cleanUp(wire: string): void {
  using route = openRoute()
  using xfrm = openXfrm()
  for (const own of ownRoutes(route)) removeRoute(route, own)
  removeSettlingRules(route)
  const { states, policies } = readSecurity(xfrm)
  xfrm.deletePolicies(policies)
  xfrm.deleteStates(states)
  removeOverlay(route)
  for (const link of route.links()) {
    if (link.name !== wire && podOfLink(link) === undefined) continue
    for (const direction of ['ingress', 'egress'] as const) detachTc({ device: link.index, direction })
  }
}
