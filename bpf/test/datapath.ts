import { fileURLToPath } from 'node:url'
import { type BpfObject, markOf, openObject, openRing, socketBuffer } from '@wireproof/libbpf'
import {
  type FlowEvent,
  markDecrypted,
  markEncrypt,
  markNodeShift,
  readCounters,
  readFlowEvent,
  readLost,
  writeAddress,
  writeConfig,
  writeIpcacheKey,
  writeIpcacheValue,
  writePodKey,
} from '../../agent/kernel/datapath-layout.ts'
import { writePodPolicy } from '../../agent/policy/layout.ts'
import type { PolicyDirection } from '../../agent/policy/network-policy.ts'

const objectFile = fileURLToPath(new URL('../datapath.o', import.meta.url))

/** The device BPF_PROG_TEST_RUN takes unless told otherwise: the loopback of the network namespace. */
export const testDevice = 1

/** Two nodes with two pods each, seen from the first. */
export const here = {
  id: 1,
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
export const third = { id: 3, pod: '10.244.3.10', cidr: '10.244.3.0/24' }
export const world = '203.0.113.9'

export const encryptTo = (node: number) => (markEncrypt | (node << markNodeShift)) >>> 0
export const decryptedFrom = (node: number) => (markDecrypted | (node << markNodeShift)) >>> 0

export type Mode = 'strict' | 'permissive' | 'off' | 'unconfigured'
export type ProgramName = 'from_pod' | 'to_wire' | 'from_wire' | 'to_pod'

export interface Outcome {
  readonly passed: boolean
  /** As in the counters: `hook/verdict/reason`. */
  readonly decision: string
  readonly mark: number
  readonly events: readonly FlowEvent[]
}

/** The datapath in the kernel with an ipcache of three nodes, run on packets that were never on a wire. */
export class Datapath implements Disposable {
  readonly object: BpfObject

  constructor(mode: Mode, options: { readonly mapSizes?: Record<string, number> } = {}) {
    this.object = openObject(objectFile, options).load()
    this.configure(mode)
    for (const [prefix, nodeId] of [
      [here.cidr, 1],
      [there.cidr, 2],
      [third.cidr, 3],
      ['fd00:1::/64', 1],
      ['fd00:2::/64', 2],
    ] as const)
      this.know(prefix, nodeId, true)
    this.know(here.underlay, 1, false)
    this.know(there.underlay, 2, false)
    this.know(here.pod, 1, true, 101)
    this.know(there.pod, 2, true, 202)
    this.isolate([])
  }

  /** Puts policies in force at the pod behind the device that test packets come from and go to. */
  isolate(isolated: readonly PolicyDirection[], set = 1): void {
    const isolatingRule = { ingress: 901, egress: 902 }
    this.object
      .map('pod_policies')
      .set(writePodKey(testDevice), writePodPolicy({ set, isolated, isolatingRule }))
  }

  configure(mode: Mode): void {
    if (mode === 'unconfigured') return
    const config = { nodeId: here.id, encryptL3: mode !== 'off', strict: mode === 'strict' }
    this.object.map('config').set(Buffer.alloc(4), writeConfig(config))
  }

  know(prefix: string, nodeId: number, isProtected: boolean, identity = 0): void {
    this.object
      .map('ipcache')
      .set(writeIpcacheKey(prefix), writeIpcacheValue({ identity, nodeId, isProtected }))
  }

  forget(prefix: string): void {
    this.object.map('ipcache').delete(writeIpcacheKey(prefix))
  }

  /** Says which pod is behind the device that test packets come from. */
  placePod(address: string): void {
    this.object.map('pods').set(writePodKey(testDevice), writeAddress(address))
  }

  /** Runs one packet through a program. Exactly one decision must come of it. */
  run(program: ProgramName, data: Buffer, mark = 0): Outcome {
    const before = this.counters()
    const events: FlowEvent[] = []
    const result = this.object
      .program(program)
      .testRun({ data, context: socketBuffer({ mark, device: testDevice }) })
    const after = this.counters()
    const changed = Object.keys(after).filter((name) => after[name]!.packets !== before[name]?.packets)
    if (changed.length !== 1) throw new Error(`decisions counted: ${changed.join(', ') || 'none'}`)
    this.consume((event) => events.push(event))
    return { passed: result.retval === -1, decision: changed[0]!, mark: markOf(result.context!), events }
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

  [Symbol.dispose](): void {
    this.object.close()
  }
}
