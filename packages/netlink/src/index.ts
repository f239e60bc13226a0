/**
 * Links, routes, XFRM and network namespaces of Linux from Node, by netlink: no `ip` is run. All calls are synchronous.
 *
 * ```ts
 * import { inNetworkNamespace } from '@wireproof/ffi'
 * import { createNamespace, openRoute } from '@wireproof/netlink'
 *
 * const blue = createNamespace('blue')
 * using here = openRoute()
 * here.addVeth({ name: 'veth0', peer: { name: 'eth0', namespace: blue } })
 * using there = inNetworkNamespace(blue, openRoute) // a socket stays in the namespace it was opened in
 * there.addAddress('eth0', '10.0.0.2/24')
 * there.setLink('eth0', { up: true })
 * ```
 */
export {
  AF_INET,
  AF_INET6,
  addressEnd,
  formatAddress,
  ipv4Number,
  type Prefix,
  parseAddress,
  parsePrefix,
  prefixLength,
} from './address.ts'
export { NetlinkBatchError, NetlinkError } from './error.ts'
export { type Offloads, offloads, setOffloads } from './ethtool.ts'
export { createNamespace, deleteNamespace, listNamespaces, setSysctl } from './namespace.ts'
export type { AddressOptions, LinkAddress } from './route/address.ts'
export type { BridgeOptions, Link, VethEnd, VethOptions, VxlanOptions, VxlanSettings } from './route/link.ts'
export type { Neighbour } from './route/neighbour.ts'
export { openRoute, type Route } from './route/route.ts'
export type {
  Encapsulation,
  RouteEntry,
  RouteOptions,
  RouteProgram,
  RouteScope,
  RouteType,
} from './route/route-entry.ts'
export type { MarkRule } from './route/rule.ts'
export { type Watch, watch } from './watch.ts'
export type { XfrmAead, XfrmAlgorithms, XfrmAuthentication, XfrmEncryption } from './xfrm/algorithms.ts'
export type { XfrmPolicy, XfrmPolicyId, XfrmTemplate } from './xfrm/policy.ts'
export type { Mark } from './xfrm/selector.ts'
export type { XfrmState, XfrmStateId, XfrmStateOptions } from './xfrm/state.ts'
export { openXfrm, type Xfrm } from './xfrm/xfrm.ts'
