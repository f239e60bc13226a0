import { checkBpf } from './bpf-error.ts'
import { libbpf } from './libbpf.ts'
import type { Lifetime } from './lifetime.ts'
import { sizedStruct, writePointer } from './struct.ts'

// struct bpf_test_run_opts.
const TEST_RUN = {
  size: 80,
  dataIn: 8,
  dataOut: 16,
  dataSizeIn: 24,
  dataSizeOut: 28,
  contextIn: 32,
  contextOut: 40,
  contextSizeIn: 48,
  contextSizeOut: 52,
  returned: 56,
  repeat: 60,
  duration: 64,
} as const

// struct bpf_prog_info up to the last field read here. Kernels that know less of it fill in less.
const INFO = { size: 224, id: 4, verifiedInstructions: 216 } as const

// A program may grow a packet, by an encapsulation for instance.
const HEADROOM = 256

export interface TestRun {
  /** A frame, from its Ethernet header on; at least 14 bytes. */
  readonly data: Buffer
  /** The program's context, such as {@link socketBuffer} makes for tc programs. */
  readonly context?: Buffer
  /** Runs, of which `durationNs` is the mean; 1. */
  readonly repeat?: number
}

export interface TestResult {
  /** What the program returned, as a signed number: TC_ACT_UNSPEC is -1. */
  readonly retval: number
  readonly data: Buffer
  readonly durationNs: number
  /** As the program left it, when one was given. */
  readonly context?: Buffer
}

/** A program in the kernel. */
export class Program {
  readonly name: string
  readonly #fd: number
  readonly #lifetime: Lifetime

  constructor(name: string, fd: number, lifetime: Lifetime) {
    this.name = name
    this.#fd = fd
    this.#lifetime = lifetime
  }

  get fd(): number {
    this.#lifetime.assert(this.name)
    return this.#fd
  }

  /**
   * Instructions the verifier followed, over all paths, before it took the program; it gives up at a million. Since Linux
   * 5.16: 0 before.
   */
  get verifiedInstructions(): number {
    return this.#info().readUInt32LE(INFO.verifiedInstructions)
  }

  /** The kernel's. */
  get id(): number {
    return this.#info().readUInt32LE(INFO.id)
  }

  #info(): Buffer {
    const info = Buffer.alloc(INFO.size)
    const length = Buffer.alloc(4)
    length.writeUInt32LE(INFO.size)
    checkBpf('bpf_obj_get_info_by_fd', libbpf.bpf_obj_get_info_by_fd(this.fd, info, length), this.name)
    return info
  }

  /** Runs the program on a packet that was never on a wire (BPF_PROG_TEST_RUN). Maps change as they would. */
  testRun({ data, context, repeat = 1 }: TestRun): TestResult {
    const out = Buffer.alloc(data.length + HEADROOM)
    const contextOut = context && Buffer.alloc(context.length)
    const options = sizedStruct(TEST_RUN.size)
    writePointer(options, TEST_RUN.dataIn, data)
    writePointer(options, TEST_RUN.dataOut, out)
    options.writeUInt32LE(data.length, TEST_RUN.dataSizeIn)
    options.writeUInt32LE(out.length, TEST_RUN.dataSizeOut)
    if (context && contextOut) {
      writePointer(options, TEST_RUN.contextIn, context)
      writePointer(options, TEST_RUN.contextOut, contextOut)
      options.writeUInt32LE(context.length, TEST_RUN.contextSizeIn)
      options.writeUInt32LE(contextOut.length, TEST_RUN.contextSizeOut)
    }
    options.writeInt32LE(repeat, TEST_RUN.repeat)
    checkBpf('bpf_prog_test_run_opts', libbpf.bpf_prog_test_run_opts(this.fd, options), this.name)
    return {
      retval: options.readInt32LE(TEST_RUN.returned),
      data: out.subarray(0, options.readUInt32LE(TEST_RUN.dataSizeOut)),
      durationNs: options.readUInt32LE(TEST_RUN.duration),
      ...(contextOut && { context: contextOut }),
    }
  }
}

// struct __sk_buff, of which a test may set these.
const SOCKET_BUFFER = { size: 192, mark: 8, ingressIndex: 36, index: 40 } as const

/** The context of a tc program for {@link Program.testRun}. The device must exist in the caller's network namespace. */
export function socketBuffer({
  mark = 0,
  device = 0,
  ingressDevice = 0,
}: {
  mark?: number
  device?: number
  /** By which the packet came to this node. */
  ingressDevice?: number
}): Buffer {
  const context = Buffer.alloc(SOCKET_BUFFER.size)
  context.writeUInt32LE(mark, SOCKET_BUFFER.mark)
  context.writeUInt32LE(ingressDevice, SOCKET_BUFFER.ingressIndex)
  context.writeUInt32LE(device, SOCKET_BUFFER.index)
  return context
}

/** The mark a tc program left on the packet. */
export function markOf(context: Buffer): number {
  return context.readUInt32LE(SOCKET_BUFFER.mark)
}
