/** What the kernel itself takes: the same state as messages made beforehand, sent while nothing else is done. */
import { check, libc } from '@wireproof/ffi'
import type { RouteEntry, RouteOptions, XfrmPolicy, XfrmState } from '@wireproof/netlink'
import { openRoute, openXfrm } from '@wireproof/netlink'
import { writeRoute } from '../../packages/netlink/src/route/route-entry.ts'
import {
  NETLINK_ROUTE,
  NETLINK_XFRM,
  NetlinkSocket,
  NLM_F_CREATE,
  NLM_F_EXCL,
} from '../../packages/netlink/src/socket.ts'
import { Writer } from '../../packages/netlink/src/writer.ts'
import { writePolicy } from '../../packages/netlink/src/xfrm/policy.ts'
import { writeState } from '../../packages/netlink/src/xfrm/state.ts'

const XFRM_MSG_NEWSA = 0x10
const XFRM_MSG_NEWPOLICY = 0x13
const RTM_NEWROUTE = 24
const NLM_F_REQUEST = 1
const NLM_F_ACK = 4
/** So many are sent at once: about as many as the agent sends. */
const perMessage = 400

export interface Installed {
  readonly states: readonly XfrmState[]
  readonly policies: readonly XfrmPolicy[]
  readonly routes: readonly RouteEntry[]
}

/** Puts it into the network namespace of the calling thread. @returns milliseconds. @throws Error what is refused. */
export function installBare({ states, policies, routes }: Installed): number {
  using xfrm = openXfrm()
  xfrm.setHashThresholds({ ipv4: [0, 16] })
  using route = openRoute()
  const device = route.link('eth0').index
  using security = new NetlinkSocket(NETLINK_XFRM)
  using routing = new NetlinkSocket(NETLINK_ROUTE)
  const adding = NLM_F_CREATE | NLM_F_EXCL
  const messages = [
    ...encode(states, XFRM_MSG_NEWSA, 0, writeState).map((bytes) => ({ socket: security, bytes })),
    ...encode(policies, XFRM_MSG_NEWPOLICY, 0, writePolicy).map((bytes) => ({ socket: security, bytes })),
    ...encode(routes, RTM_NEWROUTE, adding, (writer, each) =>
      writeRoute(writer, each as RouteOptions, each.device === undefined ? undefined : device),
    ).map((bytes) => ({ socket: routing, bytes })),
  ]
  const answer = Buffer.alloc(1 << 16)
  const from = performance.now()
  for (const { socket, bytes } of messages) {
    check('sendto', Number(libc.sendto(socket.fd, bytes, bytes.length, 0, null, 0)))
    check('recv', Number(libc.recv(socket.fd, answer, answer.length, 0)))
    const errno = answer.readInt32LE(16)
    if (errno !== 0) throw new Error(`the kernel answers ${errno}`)
  }
  return performance.now() - from
}

/** Only the last of each is acknowledged; one that is refused is answered before it. */
function encode<Item>(
  items: readonly Item[],
  type: number,
  flags: number,
  write: (writer: Writer, item: Item) => void,
): Buffer[] {
  const messages: Buffer[] = []
  for (let at = 0; at < items.length; at += perMessage) {
    const writer = new Writer(1 << 18)
    for (const [index, item] of items.slice(at, at + perMessage).entries()) {
      writer.beginMessage(type, NLM_F_REQUEST | flags, index + 1)
      write(writer, item)
      writer.endMessage()
    }
    writer.addMessageFlags(NLM_F_ACK)
    messages.push(writer.bytes)
  }
  return messages
}
