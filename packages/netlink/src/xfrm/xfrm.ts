import { readFileSync } from 'node:fs'
import type { Message } from '../reader.ts'
import { NETLINK_XFRM, NetlinkSocket } from '../socket.ts'
import type { Writer } from '../writer.ts'
import { readPolicy, writePolicy, writePolicyId, type XfrmPolicy, type XfrmPolicyId } from './policy.ts'
import {
  readState,
  writeState,
  writeStateId,
  type XfrmState,
  type XfrmStateId,
  type XfrmStateOptions,
} from './state.ts'
import { parseStatistics } from './statistics.ts'

const XFRM_MSG_NEWSA = 0x10
const XFRM_MSG_DELSA = 0x11
const XFRM_MSG_GETSA = 0x12
const XFRM_MSG_NEWPOLICY = 0x13
const XFRM_MSG_DELPOLICY = 0x14
const XFRM_MSG_GETPOLICY = 0x15
const XFRM_MSG_UPDPOLICY = 0x19
const XFRM_MSG_UPDSA = 0x1a
const XFRM_MSG_FLUSHSA = 0x1c
const XFRM_MSG_FLUSHPOLICY = 0x1d
const XFRM_MSG_NEWSPDINFO = 0x24
const XFRMA_SPD_IPV4_HTHRESH = 3
const XFRMA_SPD_IPV6_HTHRESH = 4

/** Opens security associations and policies of the namespace that the calling thread is in. */
export function openXfrm(): Xfrm {
  return new Xfrm()
}

/**
 * Security associations and policies of one network namespace. Lists are sent in batches; the kernel carries out all
 * that it accepts, and a NetlinkBatchError names each that it refused.
 */
export class Xfrm implements Disposable {
  readonly #socket = new NetlinkSocket(NETLINK_XFRM)

  /** What `watch` knows this socket's own changes by. */
  get port(): number {
    return this.#socket.port
  }

  /** @throws NetlinkBatchError `EEXIST` where there is one of the same destination, SPI and mark. */
  addStates(states: readonly XfrmStateOptions[]): void {
    this.#batch(states, XFRM_MSG_NEWSA, (state) => `add SA ${describeState(state)}`, writeState)
  }

  /** Changes lifetime and replay state only: the kernel keeps the key that the association was added with. */
  updateStates(states: readonly XfrmStateOptions[]): void {
    this.#batch(states, XFRM_MSG_UPDSA, (state) => `update SA ${describeState(state)}`, writeState)
  }

  /** @throws NetlinkBatchError `ESRCH` where there is none. */
  deleteStates(ids: readonly XfrmStateId[]): void {
    this.#batch(ids, XFRM_MSG_DELSA, (id) => `delete SA ${describeState(id)}`, writeStateId)
  }

  /** All ESP associations that encrypt and authenticate, with keys: handle as secrets. */
  states(): XfrmState[] {
    return this.#dump(XFRM_MSG_GETSA, XFRM_MSG_NEWSA, 'list SAs', readState)
  }

  flushStates(): void {
    // struct xfrm_usersa_flush: a protocol, 0 for all. Nothing to flush is ESRCH in old kernels and fine in new ones.
    this.#flush(XFRM_MSG_FLUSHSA, 'flush SAs', (writer) => writer.zero(4))
  }

  /** @throws NetlinkBatchError `EEXIST` where there is one of the same direction, selector and mark. */
  addPolicies(policies: readonly XfrmPolicy[]): void {
    this.#batch(policies, XFRM_MSG_NEWPOLICY, (policy) => `add policy ${describePolicy(policy)}`, writePolicy)
  }

  /** Adds, or replaces in one step where there is one of the same direction, selector and mark. */
  updatePolicies(policies: readonly XfrmPolicy[]): void {
    this.#batch(
      policies,
      XFRM_MSG_UPDPOLICY,
      (policy) => `update policy ${describePolicy(policy)}`,
      writePolicy,
    )
  }

  /** @throws NetlinkBatchError `ENOENT` where there is none. */
  deletePolicies(ids: readonly XfrmPolicyId[]): void {
    this.#batch(ids, XFRM_MSG_DELPOLICY, (id) => `delete policy ${describePolicy(id)}`, writePolicyId)
  }

  policies(): XfrmPolicy[] {
    return this.#dump(XFRM_MSG_GETPOLICY, XFRM_MSG_NEWPOLICY, 'list policies', readPolicy)
  }

  flushPolicies(): void {
    this.#flush(XFRM_MSG_FLUSHPOLICY, 'flush policies', () => {})
  }

  /**
   * From which prefix lengths on (local, remote) policies are found by hash. Without it the kernel walks all policies
   * of prefixes for each that is updated or deleted; set it to the lengths in use.
   */
  setHashThresholds(thresholds: {
    readonly ipv4?: readonly [local: number, remote: number]
    readonly ipv6?: readonly [local: number, remote: number]
  }): void {
    const { ipv4, ipv6 } = thresholds
    this.#socket.request({
      type: XFRM_MSG_NEWSPDINFO,
      describe: () => 'set the hash thresholds of policies',
      write: (writer) => {
        writer.u32(0xffffffff)
        if (ipv4) writer.attributeBytes(XFRMA_SPD_IPV4_HTHRESH, Buffer.from(ipv4))
        if (ipv6) writer.attributeBytes(XFRMA_SPD_IPV6_HTHRESH, Buffer.from(ipv6))
      },
    })
  }

  /** What XFRM refused or dropped in this namespace, by the names of /proc/net/xfrm_stat. */
  statistics(): Record<string, number> {
    return this.#socket.inNamespace(() =>
      parseStatistics(readFileSync('/proc/thread-self/net/xfrm_stat', 'latin1')),
    )
  }

  close(): void {
    this.#socket.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #batch<Item>(
    items: readonly Item[],
    type: number,
    describe: (item: Item) => string,
    write: (writer: Writer, item: Item) => void,
  ): void {
    this.#socket.batch({ type, items, describe, write })
  }

  #flush(type: number, what: string, write: (writer: Writer) => void): void {
    try {
      this.#socket.request({ type, describe: () => what, write })
    } catch (error) {
      if ((error as { code?: string }).code !== 'ESRCH') throw error
    }
  }

  #dump<Item>(
    type: number,
    answer: number,
    what: string,
    read: (message: Message) => Item | undefined,
  ): Item[] {
    return this.#socket.dump({ type, describe: () => what, write: () => {} }, (message) => {
      try {
        return message.type === answer ? read(message) : undefined
      } finally {
        // Keys were in it; what was read of them is copied.
        message.payload.fill(0)
      }
    })
  }
}

function describeState({ destination, spi }: XfrmStateId): string {
  return `to ${destination} spi 0x${spi.toString(16)}`
}

function describePolicy({ direction, source, destination, mark }: XfrmPolicyId): string {
  const marked = mark ? ` mark 0x${mark.value.toString(16)}/0x${mark.mask.toString(16)}` : ''
  return `${direction} ${source} -> ${destination}${marked}`
}
