import { check, libc, type SystemError } from '@wireproof/ffi'

const AF_NETLINK = 16
const SOCK_RAW_CLOEXEC = 3 | 0o2000000
const SOL_SOCKET = 1
const SO_SNDBUF = 7
const SO_RCVBUF = 8
const SO_RCVTIMEO = 20
const SO_SNDBUFFORCE = 32
const SO_RCVBUFFORCE = 33
const SOL_NETLINK = 270
const NETLINK_ADD_MEMBERSHIP = 1
const NETLINK_NO_ENOBUFS = 5
const NETLINK_CAP_ACK = 10
const NETLINK_EXT_ACK = 11

const SOCKET_BUFFER = 8 << 20
const ANSWER_SECONDS = 30

/** A netlink socket in the calling thread's network namespace, bound and a member of `groups`. @returns its descriptor. */
export function openNetlink(protocol: number, groups: readonly number[]): number {
  const fd = check('socket', libc.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, protocol), 'AF_NETLINK')
  try {
    enlarge(fd, SO_SNDBUFFORCE, SO_SNDBUF)
    enlarge(fd, SO_RCVBUFFORCE, SO_RCVBUF)
    set(fd, SOL_NETLINK, NETLINK_CAP_ACK, 1)
    set(fd, SOL_NETLINK, NETLINK_EXT_ACK, 1)
    const timeout = Buffer.alloc(16)
    timeout.writeBigInt64LE(BigInt(ANSWER_SECONDS))
    check('setsockopt', libc.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, timeout, timeout.length), 'SO_RCVTIMEO')
    const address = Buffer.alloc(12)
    address.writeUInt16LE(AF_NETLINK)
    check('bind', libc.bind(fd, address, address.length), 'AF_NETLINK')
    // libuv stops watching a socket with a pending error, which an overflow would be. Unreported, it loses nothing:
    // the full queue wakes the reader, and what changed did so before its notification was dropped.
    if (groups.length > 0) set(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, 1)
    for (const group of groups) set(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group)
    return fd
  } catch (error) {
    libc.close(fd)
    throw error
  }
}

/** Bytes that the socket may queue for its reader, bookkeeping included. */
export function receiveBufferSize(fd: number): number {
  const value = Buffer.alloc(4)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(value.length)
  check('getsockopt', libc.getsockopt(fd, SOL_SOCKET, SO_RCVBUF, value, length), 'SO_RCVBUF')
  return value.readUInt32LE(0)
}

function set(fd: number, level: number, option: number, value: number): void {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  check(
    'setsockopt',
    libc.setsockopt(fd, level, option, bytes, bytes.length),
    `option ${option} of level ${level}`,
  )
}

/** Beyond the system's limit where we may (CAP_NET_ADMIN in the initial user namespace), up to it where not. */
function enlarge(fd: number, force: number, option: number): void {
  try {
    set(fd, SOL_SOCKET, force, SOCKET_BUFFER)
  } catch (error) {
    if ((error as SystemError).code !== 'EPERM') throw error
    set(fd, SOL_SOCKET, option, SOCKET_BUFFER)
  }
}
