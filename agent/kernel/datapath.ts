import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  attachedTc,
  attachTc,
  type BpfMap,
  type BpfObject,
  detachTc,
  openObject,
  openRing,
} from '@wireproof/libbpf'
import type { Counters } from '../api.ts'
import type { Settings } from '../cluster/state.ts'
import type { IpcacheEntry } from '../plan/plan.ts'
import { AgentProblem } from '../problem.ts'
import {
  type FlowEvent,
  readCounters,
  readFlowEvent,
  writeAddress,
  writeConfig,
  writeIpcacheKey,
  writeIpcacheValue,
  writePodKey,
} from './datapath-layout.ts'
import { whileOutOfReserve } from './patience.ts'

const ownObjectFile = fileURLToPath(new URL('../../bpf/datapath.o', import.meta.url))

const pod = { ingress: 'from_pod', egress: 'to_pod' } as const
const wire = { ingress: 'from_wire', egress: 'to_wire' } as const
const directions = ['ingress', 'egress'] as const

/**
 * The BPF programs of this node and their maps. Programs stay in force when the agent ends: the device holds them, and
 * they hold their maps. The next agent fills maps of its own first, and then replaces each program in one step.
 */
export class Datapath {
  readonly #object: BpfObject
  readonly #wireIndex: number
  readonly #entries = new Map<string, string>()
  /** Kernel ids of the programs that were attached, by place. */
  readonly #attached = new Map<string, number | undefined>()
  #config = ''

  /**
   * @param wireIndex the device that other nodes are reached by.
   * @param objectFile where the programs are.
   * @throws AgentProblem EDATAPATH where they are not.
   */
  constructor(wireIndex: number, objectFile: string = ownObjectFile) {
    this.#object = load(objectFile)
    this.#wireIndex = wireIndex
  }

  configure(config: Settings & { readonly nodeId: number }): void {
    const wanted = JSON.stringify(config)
    if (wanted === this.#config) return
    this.#map('config').set(Buffer.alloc(4), writeConfig(config))
    this.#config = wanted
  }

  /** Adds what is not known yet and changes what differs. */
  addEntries(entries: readonly IpcacheEntry[]): void {
    const map = this.#map('ipcache')
    for (const { prefix, ...value } of entries) {
      const content = JSON.stringify(value)
      if (this.#entries.get(prefix) === content) continue
      whileOutOfReserve(() => map.set(writeIpcacheKey(prefix), writeIpcacheValue(value)))
      this.#entries.set(prefix, content)
    }
  }

  removeEntriesBut(entries: readonly IpcacheEntry[]): void {
    const map = this.#map('ipcache')
    const kept = new Set(entries.map((entry) => entry.prefix))
    for (const prefix of this.#entries.keys()) {
      if (kept.has(prefix)) continue
      map.delete(writeIpcacheKey(prefix))
      this.#entries.delete(prefix)
    }
  }

  attachWire(): void {
    this.#attach(this.#wireIndex, wire)
  }

  /** From now on the device may send from this address only. */
  rememberPod(index: number, address: string): void {
    this.#map('pods').set(writePodKey(index), writeAddress(address))
  }

  forgetPod(index: number): void {
    this.#map('pods').delete(writePodKey(index))
    for (const direction of directions) this.#attached.delete(`${index} ${direction}`)
  }

  attachPod(index: number): void {
    this.#attach(index, pod)
  }

  detachPod(index: number): void {
    for (const direction of directions) detachTc({ device: index, direction })
  }

  counters(): Counters {
    return readCounters(this.#map('counters'))
  }

  /** Calls `onEvent` for each event from now on. */
  watchFlows(onEvent: (event: FlowEvent) => void, onError: (error: Error) => void): { close(): void } {
    return openRing(this.#map('events'), (bytes) => onEvent(readFlowEvent(bytes)), onError)
  }

  /** Puts the programs where they are not, or are not any more. */
  #attach(device: number, programs: Readonly<Record<(typeof directions)[number], string>>): void {
    for (const direction of directions) {
      const place = { device, direction }
      const name = `${device} ${direction}`
      const present = attachedTc(place)
      if (present !== undefined && present === this.#attached.get(name)) continue
      attachTc(this.#object.program(programs[direction]), place)
      this.#attached.set(name, attachedTc(place))
    }
  }

  #map(name: string): BpfMap {
    return this.#object.map(name)
  }
}

function load(objectFile: string): BpfObject {
  if (!existsSync(objectFile))
    throw new AgentProblem(
      'EDATAPATH',
      3,
      `the datapath ${objectFile} has not been built`,
      'Run make in bpf/.',
    )
  return openObject(objectFile).load()
}
