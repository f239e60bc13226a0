import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  attachedTc,
  attachTc,
  type BpfMap,
  type BpfObject,
  detachTc,
  openObject,
  openRingInBatches,
  type Ring,
} from '@wireproof/libbpf'
import type { RouteProgram } from '@wireproof/netlink'
import type { Counters, SessionUse } from '../api.ts'
import type { IpcacheEntry } from '../plan/ipcache.ts'
import type { PolicyMaps } from '../policy/table.ts'
import { AgentProblem } from '../problem.ts'
import type { Exemption, Service } from '../scope/encryption-policy.ts'
import { AddressMap, roomFor } from './address-map.ts'
import {
  type DatapathConfig,
  readCounters,
  readLost,
  writeConfig,
  writePod,
  writePodKey,
} from './datapath-layout.ts'
import { answerAsAsked, ExemptServices } from './exempt-services.ts'
import { FlowBatch } from './flow-batch.ts'
import { whileModulesLoad } from './patience.ts'
import { policyMaps, readSessionUse } from './policy-maps.ts'
import { ServiceAddresses } from './service-addresses.ts'

const ownObjectFile = fileURLToPath(new URL('../../bpf/datapath.o', import.meta.url))

const pod = { ingress: 'from_pod', egress: 'to_pod' } as const
const wire = { ingress: 'from_wire', egress: 'to_wire' } as const
const overlay = { ingress: 'from_overlay', egress: 'to_overlay' } as const
const directions = ['ingress', 'egress'] as const

/**
 * The BPF programs of this node and their maps. Programs stay in force when the agent ends: the device holds them, and
 * they hold their maps. The next agent fills maps of its own first, and then replaces each program in one step; only the
 * pods' sessions it goes on with, where its layout of them is the same.
 */
export class Datapath {
  readonly #object: BpfObject
  readonly #addresses: AddressMap
  readonly #wireIndex: number
  #overlayIndex: number | undefined
  /** Kernel ids of the programs that were attached, by place. */
  readonly #attached = new Map<string, number | undefined>()
  #config = ''
  readonly #exempt: ExemptServices
  readonly #services: ServiceAddresses

  /**
   * @param devices of this node: the one that other nodes are reached by, and the pods' that are there already.
   * @param options.objectFile where the programs are.
   * @param options.pods how many there are in the cluster.
   * @param options.sysctls where kernel settings are written.
   * @throws AgentProblem EDATAPATH where the programs are not.
   */
  constructor(
    devices: { readonly wire: number; readonly pods: readonly number[] },
    {
      objectFile = ownObjectFile,
      pods,
      sysctls,
    }: {
      readonly objectFile?: string | undefined
      readonly pods: number
      readonly sysctls?: string | undefined
    },
  ) {
    this.#object = load(objectFile, predecessorAt(devices.pods), { hosts: roomFor(pods) })
    this.#addresses = new AddressMap(this.#map('hosts'), this.#map('ipcache'))
    this.#exempt = new ExemptServices(this.#map('exempt'), () => answerAsAsked(sysctls))
    this.#services = new ServiceAddresses(this.#map('services'))
    this.#wireIndex = devices.wire
  }

  configure(config: DatapathConfig): void {
    const wanted = JSON.stringify(config)
    if (wanted === this.#config) return
    this.#map('config').set(Buffer.alloc(4), writeConfig(config))
    this.#config = wanted
  }

  /** From now on these services may be asked in clear by nodes in scope that have no keys; and nothing else. */
  exempt(services: readonly Exemption[]): void {
    this.#exempt.replace(services)
  }

  /** From now on these are the cluster's services. */
  knowServices(services: Iterable<Service>): void {
    this.#services.replace(services)
  }

  /** To be on every route that leads to another node's pods, where they are not in VXLAN. */
  get routeProgram(): RouteProgram {
    const { fd, id } = this.#object.program('to_peer')
    return { name: `wireproof to_peer ${id}`, fd }
  }

  /** Adds, or changes what is there. */
  addEntries(entries: Iterable<readonly [prefix: string, entry: IpcacheEntry]>): void {
    this.#addresses.set(entries)
  }

  removeEntries(prefixes: Iterable<string>): void {
    this.#addresses.delete(prefixes)
  }

  attachWire(): void {
    this.#attach(this.#wireIndex, wire)
  }

  /** At the VXLAN device of this node, which takes in nothing without it. */
  attachOverlay(index: number): void {
    this.#overlayIndex = index
    this.#attach(index, overlay)
  }

  /** From now on the device may send from these addresses only. */
  rememberPod(index: number, addresses: readonly string[]): void {
    this.#map('pods').set(writePodKey(index), writePod(addresses))
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

  /** There is no such device any more. */
  forgetOverlay(): void {
    this.#overlayIndex = undefined
  }

  policyMaps(): PolicyMaps {
    return policyMaps((name) => this.#map(name))
  }

  sessions(): SessionUse {
    return readSessionUse((name) => this.#map(name))
  }

  counters(): Counters {
    return readCounters(this.#map('counters'))
  }

  /** Events that found the ring full. */
  lost(): number {
    return readLost(this.#map('lost'))
  }

  /** What is missing of the datapath, one sentence each; nothing when it guards the wire and knows what to do. */
  missing(): string[] {
    const absent = directions.filter((direction) => !this.#isAttached(this.#wireIndex, direction))
    const overlay = this.#overlayIndex
    return [
      ...(overlay === undefined || directions.every((direction) => this.#isAttached(overlay, direction))
        ? []
        : ['a program is not at the VXLAN device']),
      ...absent.map((direction) => `the ${direction} program is not on the wire`),
      ...(this.#config === '' ? ['it has not been configured'] : []),
    ]
  }

  #isAttached(device: number, direction: (typeof directions)[number]): boolean {
    const present = attachedTc({ device, direction })
    return present !== undefined && present === this.#attached.get(`${device} ${direction}`)
  }

  /** Calls `onBatch` with the events from now on, as they come; a batch is valid during the call. */
  watchFlows(onBatch: (batch: FlowBatch) => void, onError: (error: Error) => void): Ring {
    const batch = new FlowBatch()
    return openRingInBatches(this.#map('events'), (raw) => onBatch(batch.take(raw)), onError)
  }

  /** Puts the programs where they are not, or are not any more. */
  #attach(device: number, programs: Readonly<Partial<Record<(typeof directions)[number], string>>>): void {
    for (const direction of directions) {
      const program = programs[direction]
      if (program === undefined) continue
      const place = { device, direction }
      const name = `${device} ${direction}`
      const present = attachedTc(place)
      if (present !== undefined && present === this.#attached.get(name)) continue
      // clsact is a module in many kernels.
      whileModulesLoad(() => attachTc(this.#object.program(program), place))
      this.#attached.set(name, attachedTc(place))
    }
  }

  #map(name: string): BpfMap {
    return this.#object.map(name)
  }
}

/** What the datapath has to remember longer than an agent lives: without it a reply would not be known for one. */
const inherited = ['sessions']

/** The kernel's id of the program that an earlier life of this agent has left at one of its pods. */
function predecessorAt(pods: readonly number[]): number | undefined {
  for (const device of pods) {
    const id = attachedTc({ device, direction: 'ingress' })
    if (id !== undefined) return id
  }
  return undefined
}

function load(
  objectFile: string,
  predecessor: number | undefined,
  mapSizes: Readonly<Record<string, number>>,
): BpfObject {
  if (!existsSync(objectFile))
    throw new AgentProblem(
      'EDATAPATH',
      3,
      `the datapath ${objectFile} has not been built`,
      'Run make in bpf/.',
    )
  if (predecessor === undefined) return openObject(objectFile, { mapSizes }).load()
  try {
    return openObject(objectFile, { mapSizes, adopt: { maps: inherited, programId: predecessor } }).load()
  } catch (error) {
    // To ask for a program by its id takes CAP_SYS_ADMIN; and it may have gone meanwhile.
    if (!['EPERM', 'ENOENT'].includes((error as { code?: string }).code ?? '')) throw error
    return openObject(objectFile, { mapSizes }).load()
  }
}
