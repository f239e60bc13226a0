/**
 * System calls from Node without native code of our own: the one package of this repository that touches raw memory.
 *
 * ```ts
 * import { libc, check, inNetworkNamespace } from '@wireproof/ffi'
 *
 * const fd = check('socket', libc.socket(16, 3, 0))      // AF_NETLINK, SOCK_RAW
 * inNetworkNamespace('/run/netns/blue', () => check('if_nametoindex', libc.if_nametoindex('eth0')))
 * libc.close(fd)
 * ```
 *
 * Rules that keep it safe: buffers cross into C only as `Buffer`s whose length is passed from the same `Buffer`;
 * no address outlives the call it was made for; memory that the kernel keeps (rings) is a {@link Mapping}, and
 * whoever maps it keeps the Mapping referenced.
 */
export { addressOf } from './address.ts'
export { deviceControl } from './device-control.ts'
export { libc } from './libc.ts'
export { load, type NativeFunction } from './library.ts'
export { Mapping } from './mapping.ts'
export { currentNetworkNamespace, inNetworkNamespace } from './namespace.ts'
export { type Readable, watchReadable } from './readable.ts'
export { check, errnoName, SystemError } from './system-error.ts'
