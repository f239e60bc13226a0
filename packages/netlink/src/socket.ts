import { constants } from 'node:os'
import { check, errnoName, inNetworkNamespace, libc, type SystemError } from '@wireproof/ffi'
import { type Acknowledgement, readError } from './acknowledgement.ts'
import { collectDump, type Dump } from './dump.ts'
import { NetlinkBatchError, NetlinkError } from './error.ts'
import { openNetlink, receiveBufferSize } from './open-socket.ts'
import { type Message, readMessages } from './reader.ts'
import { Writer } from './writer.ts'

/** One message to the kernel. */
export interface Request {
  readonly type: number
  /** NLM_F_* beyond REQUEST and ACK, which the socket sets itself. */
  readonly flags?: number
  /** Completes "cannot …" in an error. Called only when there is one. */
  describe(): string
  /** Lays out what follows the message header. */
  write(writer: Writer): void
}

/** Many messages of one type to the kernel. */
export interface Requests<Item> {
  readonly type: number
  /** NLM_F_* beyond REQUEST and ACK, which the socket sets itself. */
  readonly flags?: number
  readonly items: readonly Item[]
  /** Completes "cannot …" in an error. Called only when there is one. */
  describe(item: Item): string
  /** Lays out what follows the message header. */
  write(writer: Writer, item: Item): void
}

/** Messages that are sent together. */
interface Piece {
  readonly bytes: Buffer
  /** Of the first message; the others count on from it. */
  readonly sequence: number
  /** Which request the first message is, and how many there are. */
  readonly first: number
  readonly count: number
}

export const NETLINK_ROUTE = 0
export const NETLINK_XFRM = 6

export const NLM_F_REPLACE = 0x100
export const NLM_F_EXCL = 0x200
export const NLM_F_CREATE = 0x400
export const NLM_F_APPEND = 0x800

const MSG_TRUNC = 0x20
const MSG_DONTWAIT = 0x40
const SIOCGSKNS = 0x894c

const NLM_F_REQUEST = 1
const NLM_F_ACK = 4
const NLM_F_DUMP = 0x300
const NLMSG_ERROR = 2

const RECEIVE_BUFFER = 1 << 20
/** A batch is sent in pieces of about this many bytes: larger ones are measurably no faster. */
const BATCH_BYTES = 128 << 10
/** Room that one refusal takes in the socket's receive buffer, its bookkeeping included. */
const ERROR_ROOM = 2048
const DUMP_ATTEMPTS = 20
/** A queue of so many bytes may have been full: the kernel counts several times as much for bookkeeping. */
const MUCH = 256 << 10

// Receiving is synchronous, so one buffer serves every socket of the thread; what is kept is copied out of it.
const received = Buffer.alloc(RECEIVE_BUFFER)

/** A netlink socket: it belongs to the network namespace that the calling thread is in when it is opened. */
export class NetlinkSocket implements Disposable {
  readonly fd: number
  #sequence = 0
  #closed = false
  readonly #writer = new Writer(64 << 10)
  readonly #batchCount: number

  constructor(protocol: number, groups: readonly number[] = []) {
    this.fd = openNetlink(protocol, groups)
    this.#batchCount = Math.max(1, Math.floor(receiveBufferSize(this.fd) / ERROR_ROOM))
  }

  /** Sends one request and waits for the kernel's verdict. @throws NetlinkError */
  request(request: Request): void {
    this.#exchange(alone(request), (error) => {
      throw error
    })
  }

  /**
   * Sends many requests with few system calls. The kernel works through all of them, also past those it refuses.
   *
   * @throws NetlinkBatchError naming each request that was refused.
   */
  batch<Item>(requests: Requests<Item>): void {
    const failures: NetlinkError[] = []
    this.#exchange(requests, (error) => failures.push(error))
    const [first, ...rest] = failures
    if (first) throw new NetlinkBatchError([first, ...rest], requests.items.length)
  }

  /** Sends one request that is answered by messages of their own, such as RTM_GETLINK by name. @throws NetlinkError */
  get(request: Request): Message[] {
    const answers: Message[] = []
    this.#exchange(
      alone(request),
      (error) => {
        throw error
      },
      (message) => answers.push(message),
    )
    return answers
  }

  /**
   * All objects of a kind, as of one moment: a dump that the kernel marks as interrupted is taken again.
   *
   * @param read is given each message as it comes; undefined for what does not count.
   * @throws NetlinkError
   */
  dump<Item>(request: Request, read: (message: Message) => Item | undefined): Item[] {
    for (let attempt = 1; attempt <= DUMP_ATTEMPTS; attempt++) {
      const { items, interrupted, errno, extended } = this.#dumpOnce(request, read)
      if (errno !== 0)
        throw new NetlinkError({ code: errnoName(errno), errno, extended, request: request.describe() })
      if (!interrupted) return items
    }
    throw new NetlinkError({
      code: 'EINTR',
      errno: constants.errno.EINTR,
      request: request.describe(),
      extended: `what is listed changed during each of ${DUMP_ATTEMPTS} attempts`,
    })
  }

  /** The number by which the kernel names this socket as the one that changed something. */
  get port(): number {
    const address = Buffer.alloc(12)
    const length = Buffer.alloc(4)
    length.writeUInt32LE(address.length)
    check('getsockname', libc.getsockname(this.fd, address, length), 'AF_NETLINK')
    return address.readUInt32LE(4)
  }

  /**
   * Reads and discards what multicast groups have sent.
   *
   * @param except the port of a socket whose changes do not count.
   * @returns whether there was anything that counts, or was so much that some of it may have been dropped.
   */
  drain(except?: number): boolean {
    let counts = false
    for (let drained = 0; ; ) {
      const length = Number(libc.recv(this.fd, received, received.length, MSG_DONTWAIT | MSG_TRUNC))
      if (length >= 0) {
        drained += length
        counts ||=
          drained > MUCH ||
          except === undefined ||
          readMessages(received.subarray(0, Math.min(length, received.length))).some(
            ({ port }) => port !== except,
          )
        continue
      }
      try {
        check('recv', length, 'AF_NETLINK')
      } catch (error) {
        const { code } = error as SystemError
        if (code === 'EAGAIN') return counts
        if (code !== 'EINTR') throw error
      }
    }
  }

  /** A descriptor of the namespace this socket belongs to; the caller closes it. */
  namespaceDescriptor(): number {
    return check('ioctl', libc.ioctl(this.fd, SIOCGSKNS, null), 'SIOCGSKNS')
  }

  /** Runs a synchronous action in the namespace this socket belongs to. */
  inNamespace<Result>(action: () => Result): Result {
    const namespace = this.namespaceDescriptor()
    try {
      return inNetworkNamespace(`/proc/thread-self/fd/${namespace}`, action)
    } finally {
      libc.close(namespace)
    }
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    libc.close(this.fd)
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #exchange<Item>(
    requests: Requests<Item>,
    onError: (error: NetlinkError) => void,
    onMessage?: (message: Message) => void,
  ): void {
    const { items } = requests
    const pieces: Piece[] = []
    try {
      this.#encode(requests, pieces)
      for (const { bytes, sequence, first, count } of pieces) {
        this.#send(bytes)
        this.#receive(sequence, count, onMessage, (index, { errno, extended }) =>
          onError(
            new NetlinkError({
              code: errnoName(errno),
              errno,
              extended,
              request: requests.describe(items[first + index]!),
              index: items.length > 1 ? first + index : undefined,
            }),
          ),
        )
      }
    } finally {
      // What was sent may hold keys.
      this.#writer.reset()
      for (const { bytes } of pieces) bytes.fill(0)
    }
  }

  /** Lays everything out before anything is sent, so that a mistake in the last request leaves nothing half done. */
  #encode<Item>(requests: Requests<Item>, pieces: Piece[]): void {
    const { items, type, flags = 0 } = requests
    const writer = this.#writer
    for (let first = 0; first < items.length; ) {
      const sequence = this.#nextSequence()
      let count = 0
      do {
        writer.beginMessage(type, NLM_F_REQUEST | flags, count === 0 ? sequence : this.#nextSequence())
        requests.write(writer, items[first + count]!)
        writer.endMessage()
        count++
      } while (first + count < items.length && count < this.#batchCount && writer.length < BATCH_BYTES)
      // The kernel answers in order, so the acknowledgement of the last request says that all are done.
      writer.addMessageFlags(NLM_F_ACK)
      if (first === 0 && count === items.length) {
        pieces.push({ bytes: writer.bytes, sequence, first, count })
        return
      }
      pieces.push({ bytes: Buffer.from(writer.bytes), sequence, first, count })
      writer.reset()
      first += count
    }
  }

  /** Reads answers until the last of `count` requests, numbered from `base`, is answered. */
  #receive(
    base: number,
    count: number,
    onMessage: ((message: Message) => void) | undefined,
    onError: (index: number, problem: Acknowledgement) => void,
  ): void {
    for (;;) {
      for (const message of this.#receiveMessages()) {
        const index = (message.sequence - base) >>> 0
        if (index >= count) continue
        if (message.type !== NLMSG_ERROR) {
          onMessage?.(message)
          continue
        }
        const acknowledgement = readError(message.payload, message.flags)
        if (acknowledgement.errno !== 0) onError(index, acknowledgement)
        if (index === count - 1) return
      }
    }
  }

  #dumpOnce<Item>(request: Request, read: (message: Message) => Item | undefined): Dump<Item> {
    const sequence = this.#nextSequence()
    try {
      this.#writer.beginMessage(request.type, NLM_F_REQUEST | NLM_F_DUMP | (request.flags ?? 0), sequence)
      request.write(this.#writer)
      this.#writer.endMessage()
      this.#send(this.#writer.bytes)
    } finally {
      this.#writer.reset()
    }
    return collectDump(() => this.#receiveMessages(), sequence, read)
  }

  #send(bytes: Buffer): void {
    check('sendto', Number(libc.sendto(this.fd, bytes, bytes.length, 0, null, 0)), `${bytes.length} bytes`)
  }

  #receiveMessages(): Message[] {
    for (;;) {
      const length = Number(libc.recv(this.fd, received, received.length, MSG_TRUNC))
      if (length > received.length)
        throw new Error(
          `the kernel sent a netlink message of ${length} bytes; ${received.length} are expected`,
        )
      if (length >= 0) {
        const datagram = received.subarray(0, length)
        const copy = Buffer.from(datagram)
        // Keys may be in it, and nothing else would overwrite the last of them.
        datagram.fill(0)
        return readMessages(copy)
      }
      try {
        check('recv', length, 'AF_NETLINK')
      } catch (error) {
        if ((error as SystemError).code !== 'EINTR') throw error
      }
    }
  }

  #nextSequence(): number {
    this.#sequence = (this.#sequence + 1) >>> 0
    return this.#sequence
  }
}

function alone({ type, flags, describe, write }: Request): Requests<undefined> {
  return { type, ...(flags !== undefined && { flags }), items: [undefined], describe, write }
}
