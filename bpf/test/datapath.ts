import { fileURLToPath } from 'node:url'
import { type BpfObject, markOf, openObject, openRing, socketBuffer } from '@wireproof/libbpf'
import { AddressMap } from '../../agent/kernel/address-map.ts'
import {
  type FlowEvent,
  localNode,
  nobody,
  readCounters,
  readFlowEvent,
  readLost,
  writeConfig,
  writeExemptKey,
  writeHostKey,
  writePod,
  writePodKey,
  writeServiceValue,
} from '../../agent/kernel/datapath-layout.ts'
import type { IpcacheEntry } from '../../agent/plan/ipcache.ts'
import { hostPrefix } from '../../agent/plan/prefix.ts'
import { writePodPolicy } from '../../agent/policy/layout.ts'
import type { PolicyDirection } from '../../agent/policy/network-policy.ts'

const objectFile = fileURLToPath(new URL('../datapath.o', import.meta.url))

/** The device BPF_PROG_TEST_RUN takes unless told otherwise: the loopback of the network namespace. */
export const testDevice = 1

/** Two nodes with two pods each, seen from the first. */
export const here = {
  id: localNode,
  underlay: '192.168.77.1',
  cidr: '10.244.1.0/24',
  pod: '10.244.1.10',
  other: '10.244.1.11',
}
export const there = {
  id: 2,
  underlay: '192.168.77.2',
  cidr: '10.244.2.0/24',
  pod: '10.244.2.10',
  other: '10.244.2.11',
}
/** The last number that a mark has room for. */
export const third = { id: 0xff_ffff, pod: '10.244.3.10', cidr: '10.244.3.0/24' }
/** In the range of all pods, and of no node's. */
export const unclaimed = '10.244.9.10'
export const world = '203.0.113.9'

export {
  askedMarkOf as askedUnder,
  decryptedMarkOf as decryptedFrom,
  markEncrypt,
  markUnjudged,
  markUnsettled,
} from '../../agent/kernel/datapath-layout.ts'

export type Mode = 'strict' | 'permissive' | 'off' | 'unconfigured'
export type ProgramName =
  | 'from_pod'
  | 'to_wire'
  | 'from_wire'
  | 'from_overlay'
  | 'to_pod'
  | 'to_peer'
  | 'to_overlay'

/** Of a service with pods behind it, and of one with who knows what. */
export const service = '10.96.0.10'
export const otherService = '10.96.0.11'

export interface Outcome {
  readonly passed: boolean
  /** As in the counters: `hook/verdict/reason`. */
  readonly decision: string
  readonly mark: number
  readonly events: readonly FlowEvent[]
}

/** TC_ACT_UNSPEC, and BPF_OK of a program on a route. */
const passing = [-1, 0]

// To the verifier each of them costs as much as hundreds of packets.
const spare: BpfObject[] = []
const ringBuffer = 27

/** The datapath in the kernel with an ipcache of three nodes, run on packets that were never on a wire. */
export class Datapath implements Disposable {
  readonly object: BpfObject
  readonly #addresses: AddressMap

  readonly #overlay: boolean
  readonly #reusable: boolean

  /** @param options.overlay whether packets between pods go in VXLAN. */
  constructor(
    mode: Mode,
    options: { readonly mapSizes?: Record<string, number>; readonly overlay?: boolean } = {},
  ) {
    const { overlay = false, ...loading } = options
    this.#overlay = overlay
    this.#reusable = loading.mapSizes === undefined
    this.object = (this.#reusable && spare.pop()) || openObject(objectFile, loading).load()
    this.#addresses = new AddressMap(this.object.map('hosts'), this.object.map('ipcache'))
    this.configure(mode)
    for (const [prefix, nodeId] of [
      ['10.244.0.0/16', nobody],
      [here.cidr, here.id],
      [there.cidr, there.id],
      [third.cidr, third.id],
      ['fd00:1::/64', here.id],
      ['fd00:2::/64', there.id],
    ] as const)
      this.know(prefix, nodeId, true)
    this.know(here.underlay, here.id, false)
    this.know(there.underlay, there.id, false)
    this.know(here.pod, here.id, true, 101)
    this.know(there.pod, there.id, true, 202)
    this.isolate([])
  }

  /** Puts policies in force at the pod behind the device that test packets come from and go to. */
  isolate(isolated: readonly PolicyDirection[], set = 1): void {
    this.isolateAt(testDevice, isolated, set)
  }

  isolateAt(device: number, isolated: readonly PolicyDirection[], set = 1): void {
    const isolatingRule = { ingress: 901, egress: 902 }
    this.object.map('pod_policies').set(writePodKey(device), writePodPolicy({ set, isolated, isolatingRule }))
  }

  configure(mode: Mode): void {
    if (mode === 'unconfigured') return
    const config = { encryptL3: mode !== 'off', strict: mode === 'strict', overlay: this.#overlay }
    this.object.map('config').set(Buffer.alloc(4), writeConfig(config))
  }

  know(prefix: string, node: number, isProtected: boolean, identity = 0): void {
    this.#tell(prefix, { identity, node, isProtected })
  }

  /** Says that no encryption policy covers the pod. */
  exempt(pod: string, node: number): void {
    this.#tell(pod, { identity: 0, node, isProtected: true, isOutOfScope: true })
  }

  /** Says that what this node sends itself is to be encrypted, and of another one with what. */
  protectNode(
    { underlay, id }: { underlay: string; id: number },
    keys: { isKeyless?: true; spi?: number } = {},
  ) {
    this.#tell(underlay, { identity: 0, node: id, isProtected: false, isNodeInScope: true, ...keys })
  }

  /** Says that nodes without keys may ask each other for this in clear. */
  exemptService(protocol: number, port: number): void {
    this.object.map('exempt').set(writeExemptKey({ protocol, port }), Buffer.alloc(1))
  }

  /** Says that the address stands for others. */
  knowService(address: string, isOfPods: boolean): void {
    this.object.map('services').set(writeHostKey(address), writeServiceValue({ isOfPods }))
  }

  #tell(prefix: string, entry: IpcacheEntry): void {
    this.#addresses.set([[hostPrefix(prefix), entry]])
  }

  forget(prefix: string): void {
    this.#addresses.delete([hostPrefix(prefix)])
  }

  /** Says which pod is behind the device that test packets come from. */
  placePod(...addresses: string[]): void {
    this.object.map('pods').set(writePodKey(testDevice), writePod(addresses))
  }

  /** Runs one packet through a program. Exactly one decision must come of it. */
  run(program: ProgramName, data: Buffer, mark = 0, ingressDevice = 0): Outcome {
    const before = this.counters()
    const events: FlowEvent[] = []
    const result = this.object
      .program(program)
      .testRun({ data, context: socketBuffer({ mark, device: testDevice, ingressDevice }) })
    const after = this.counters()
    const changed = Object.keys(after).filter((name) => after[name]!.packets !== before[name]?.packets)
    if (changed.length !== 1) throw new Error(`decisions counted: ${changed.join(', ') || 'none'}`)
    this.consume((event) => events.push(event))
    return {
      passed: passing.includes(result.retval),
      decision: changed[0]!,
      mark: markOf(result.context!),
      events,
    }
  }

  /** Runs one packet through a program that is to count nothing about it. @returns whether it passes. */
  passes(program: ProgramName, data: Buffer, mark = 0): boolean {
    const before = JSON.stringify(this.counters())
    const context = socketBuffer({ mark, device: testDevice })
    const { retval } = this.object.program(program).testRun({ data, context })
    if (JSON.stringify(this.counters()) !== before) throw new Error('a decision was counted')
    return passing.includes(retval)
  }

  consume(onEvent: (event: FlowEvent) => void): void {
    const fail = (error: Error) => {
      throw error
    }
    using ring = openRing(this.object.map('events'), (bytes) => onEvent(readFlowEvent(bytes)), fail)
    ring.consume()
  }

  counters() {
    return readCounters(this.object.map('counters'))
  }

  lost(): number {
    return readLost(this.object.map('lost'))
  }

  /** What was loaded is there for the next test, with its maps as they were when it was loaded. */
  [Symbol.dispose](): void {
    if (!this.#reusable) {
      this.object.close()
      return
    }
    this.consume(() => {})
    for (const map of this.object.maps()) if (map.type !== ringBuffer) map.clear()
    spare.push(this.object)
  }
}
