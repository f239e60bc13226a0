import { watchReadable } from '@wireproof/ffi'
import { NETLINK_ROUTE, NETLINK_XFRM, NetlinkSocket } from './socket.ts'

const RTNLGRP_LINK = 1
const RTNLGRP_TC = 4
const RTNLGRP_IPV4_ROUTE = 7
const RTNLGRP_IPV6_ROUTE = 11
const XFRMNLGRP_SA = 3
const XFRMNLGRP_POLICY = 4

const sources = {
  links: { protocol: NETLINK_ROUTE, groups: [RTNLGRP_LINK] },
  routes: { protocol: NETLINK_ROUTE, groups: [RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE] },
  /** Queueing disciplines, and the filters on them that BPF programs are. */
  filters: { protocol: NETLINK_ROUTE, groups: [RTNLGRP_TC] },
  xfrm: { protocol: NETLINK_XFRM, groups: [XFRMNLGRP_SA, XFRMNLGRP_POLICY] },
} as const

export interface Watch extends Disposable {
  close(): void
}

/**
 * Calls `onChange` after something changed in the namespace that the calling thread is in now. One call may stand for
 * many changes, and says nothing about which: read the present state. A change is never lost, also when notifications
 * are.
 *
 * @param options.except the port of a socket whose own changes are not worth a call.
 */
export function watch(
  kind: keyof typeof sources,
  onChange: () => void,
  onError: (error: Error) => void,
  { except }: { readonly except?: number } = {},
): Watch {
  const { protocol, groups } = sources[kind]
  const socket = new NetlinkSocket(protocol, groups)
  const readable = watchReadable(
    socket.fd,
    () => {
      if (socket.drain(except)) onChange()
    },
    onError,
  )
  let closed = false
  const close = () => {
    if (closed) return
    closed = true
    readable.close()
    socket.close()
  }
  return { close, [Symbol.dispose]: close }
}
