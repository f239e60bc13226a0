import { inNetworkNamespace } from '@wireproof/ffi'
import { deleteNamespace, openXfrm, type Route } from '@wireproof/netlink'
import type { AgentStatus, Flow, FlowRecord, SecurityAssociation } from '../../agent/api.ts'
import type { FlowQuery } from '../../agent/monitor/filter.ts'
import type {
  AgentVersion,
  Cable,
  Capture,
  EncryptionSettings,
  Lab,
  LabNode,
  LabPod,
  LabProcess,
  Severed,
  Stranger,
} from '../lab.ts'
import { type GrowingCapture, startCapture, type Vantage } from '../namespaces/capture.ts'
import { labProcess, spawnIn } from '../namespaces/process.ts'
import { overhear, sendFrame, sendPacket } from '../namespaces/raw-packets.ts'
import { readRefusals } from '../namespaces/refusals.ts'
import { describeAssociation } from '../namespaces/security-association.ts'
import { chosenNames } from '../node-names.ts'
import { Problem } from '../problem.ts'
import type { NodeSpec, PodSpec, ServiceSpec } from '../topology.ts'
import { agentOf, agentProcess, startAgent } from './agents.ts'
import {
  firstFree,
  hostOf,
  namespacePath,
  nodeNamespace,
  placeNode,
  placePod,
  podDevice,
  podNamespace,
  podPort,
  stranger,
  strangerMac,
  strangerNamespace,
  strangersDevice,
  strangersPort,
  wireDevice,
  wireNamespace,
  wirePort,
} from './layout.ts'
import {
  carryNothing,
  changeWire,
  closePod,
  isPodOpen,
  makeNode,
  makePod,
  openPod,
  plugIntoWire,
  plugStranger,
  unplugFromWire,
  wirePorts,
  withRoute,
} from './links.ts'
import { lock } from './lock.ts'
import { killIn, killProcesses, labsHere, namespacesOf } from './reap.ts'
import { policyFiles, Store } from './store.ts'

const settleDeadlineMs = 60_000

/** A lab of network namespaces in the kernel this process runs on. */
export class NetnsLab implements Lab {
  readonly name: string
  readonly isDisposable = true
  readonly store: Store
  /** Those under way: what comes is listened to before it can send. */
  readonly #captures = new Set<GrowingCapture>()

  constructor(name: string) {
    this.name = name
    this.store = new Store(name)
  }

  async nodes(): Promise<LabNode[]> {
    return this.store.nodes()
  }

  async pods(): Promise<LabPod[]> {
    return this.store.pods()
  }

  spawn(target: string, argv: readonly string[]): LabProcess {
    return labProcess(spawnIn(namespacePath(this.namespaceOf(target)), argv, { stdio: 'pipe' }))
  }

  /** @throws Problem naming the nodes and pods there are. */
  namespaceOf(target: string): string {
    if (target === 'wire') return wireNamespace(this.name)
    if (this.store.nodes().some((node) => node.name === target)) return nodeNamespace(this.name, target)
    if (this.store.pods().some((pod) => pod.name === target)) return podNamespace(this.name, target)
    const names = [...this.store.nodes(), ...this.store.pods()].map(({ name }) => name)
    throw new Problem(
      'ETARGET',
      2,
      `lab ${this.name} has no node or pod called ${target}`,
      `There are: ${names.join(', ')}.`,
    )
  }

  async capture(directory: string, signal?: AbortSignal, also = { nodes: false }): Promise<Capture> {
    const vantages = () => [...this.vantages(), ...(also.nodes ? this.#nodeVantages() : [])]
    const capture = await startCapture(vantages, directory, signal)
    this.#captures.add(capture)
    return {
      quiet: () => capture.quiet(),
      stop: () => {
        this.#captures.delete(capture)
        return capture.stop()
      },
    }
  }

  /** The node of that name, or all of them. @throws Problem naming what there is. */
  nodeNames(only?: string): string[] {
    const all = this.store.nodes().map(({ name }) => name)
    return chosenNames(all, only, `lab ${this.name} has no node`)
  }

  /** Every place proofs are taken from: each port of the wire, whoever is behind it, and each pod. */
  vantages(): Vantage[] {
    const ports = wirePorts(this.name).map((device) => {
      const node = this.store.nodes().find(({ name }) => wirePort(name) === device)
      return this.#atWire(node?.name ?? `port:${device}`, device)
    })
    return [...ports, ...this.store.pods().map(({ name }) => this.#atPod(name))]
  }

  #atWire(who: string, device: string): Vantage {
    return {
      name: `wire/${who}`,
      namespace: namespacePath(wireNamespace(this.name)),
      device,
      direction: 'in',
    }
  }

  #atPod(pod: string): Vantage {
    const namespace = namespacePath(podNamespace(this.name, pod))
    return { name: `pod/${pod}`, namespace, device: podDevice, direction: 'inout' }
  }

  /** What a node sends itself is encrypted before any interface: it can be seen where it arrives. */
  #nodeVantages(): Vantage[] {
    return this.store.nodes().map(({ name }) => ({
      name: `node/${name}`,
      namespace: namespacePath(nodeNamespace(this.name, name)),
      device: wireDevice,
      direction: 'in',
    }))
  }

  async #listenTo(vantage: Vantage): Promise<void> {
    await Promise.all([...this.#captures].map((capture) => capture.add(vantage)))
  }

  async #heardOut({ name }: Vantage): Promise<void> {
    await Promise.all([...this.#captures].map((capture) => capture.end(name)))
  }

  status(node: string, signal?: AbortSignal): Promise<AgentStatus> {
    return agentOf(this.name, node).status(signal)
  }

  flows(node: string, signal: AbortSignal): AsyncIterable<Flow> {
    return agentOf(this.name, node).flows(signal)
  }

  records(node: string, query: FlowQuery, signal: AbortSignal): AsyncIterable<FlowRecord> {
    return agentOf(this.name, node).records(query, signal)
  }

  async securityAssociations(node: string): Promise<SecurityAssociation[]> {
    const underlay = this.store.nodes().find(({ name }) => name === node)?.underlay
    const states = inNetworkNamespace(namespacePath(nodeNamespace(this.name, node)), () => {
      using xfrm = openXfrm()
      return xfrm.states()
    })
    return states.map((state) => describeAssociation(node, state, state.source === underlay))
  }

  async refusals(node: string): Promise<Readonly<Record<string, number>>> {
    return readRefusals(node, namespacePath(nodeNamespace(this.name, node)))
  }

  async addNode(spec: NodeSpec, podCidrs?: readonly string[]): Promise<LabNode> {
    const node = this.prepareNode(spec, podCidrs)
    await this.#listenTo(this.#atWire(node.name, wirePort(node.name)))
    await startAgent(this.name, node.name)
    await this.settled()
    return node
  }

  /** Makes a node's namespace and links, and tells the cluster; `startAgent` starts its agent. */
  prepareNode(spec: NodeSpec, podCidrs?: readonly string[]): LabNode {
    const present = this.store.nodes()
    const known = present.find(({ name }) => name === spec.name)
    if (known) this.#discardNode(spec.name)
    const ids = present.map(({ id }) => id)
    const placed = known ?? placeNode(spec, firstFree(ids, 1), this.store.families())
    const node = podCidrs === undefined ? placed : { ...placed, podCidrs }
    makeNode(this.name, node, this.store.families(), this.store.wire())
    this.store.putNode(node)
    return node
  }

  async removeNode(name: string): Promise<void> {
    for (const pod of this.store.pods()) if (pod.node === name) await this.removePod(pod.name)
    carryNothing(this.name, name, true)
    await this.#heardOut(this.#atWire(name, wirePort(name)))
    this.store.remove('nodes', name)
    await killIn([nodeNamespace(this.name, name)])
    this.#discardNode(name)
    await this.settled()
  }

  async addPod(spec: PodSpec): Promise<LabPod> {
    const node = this.store.nodes().find(({ name }) => name === spec.node)
    if (!node)
      throw new Problem('ETARGET', 2, `pod ${spec.name} wants node ${spec.node}, which does not exist`)
    const neighbours = this.store.pods().filter((pod) => pod.node === node.name && pod.name !== spec.name)
    const taken = neighbours.map(hostOf)
    const before = this.store.pods().find((pod) => pod.name === spec.name && pod.node === node.name)
    const pod = placePod(spec, node, before ? hostOf(before) : firstFree(taken, 2))
    this.#discardPod(pod)
    makePod(this.name, pod, this.store.wire(), this.store.routing())
    await this.#listenTo(this.#atPod(pod.name))
    this.store.putPod(pod)
    await agentOf(this.name, node.name).putPod(pod.name, {
      device: podPort(pod.name),
      addresses: pod.addresses,
    })
    openPod(this.name, pod)
    return pod
  }

  async removePod(name: string): Promise<void> {
    const pod = this.store.pods().find((candidate) => candidate.name === name)
    if (!pod) return
    if (this.isWhole(pod)) closePod(this.name, pod)
    await this.#heardOut(this.#atPod(name))
    await killIn([podNamespace(this.name, name)].filter((namespace) => this.#exists(namespace)))
    await agentOf(this.name, pod.node).deletePod(name)
    this.#discardPod(pod)
    this.store.remove('pods', name)
  }

  /** Whether a pod of the store is really there and open: an interrupted `up` leaves half-made ones. */
  isWhole(pod: LabPod): boolean {
    return this.#exists(podNamespace(this.name, pod.name)) && isPodOpen(this.name, pod)
  }

  async rotateKey(): Promise<{ readonly from: number; readonly to: number }> {
    const ids = await this.#replaceKey()
    await this.settled()
    return ids
  }

  /** The cluster key's id, and for how many milliseconds it has been there. */
  key(): { readonly id: number; readonly age: number } {
    return this.store.key()
  }

  async configure(settings: EncryptionSettings): Promise<void> {
    this.store.configure(settings)
    await this.settled()
  }

  async setPolicies(documents: string): Promise<void> {
    this.store.putPolicies(policyFiles.network, documents)
    await this.#understood(policyFiles.network, 'docs/policy.md')
  }

  async services(): Promise<ServiceSpec[]> {
    return this.store.services()
  }

  async setEncryptionPolicies(documents: string): Promise<void> {
    this.store.putPolicies(policyFiles.encryption, documents)
    await this.#understood(policyFiles.encryption, 'docs/encryption-policy.md')
  }

  async setAside(): Promise<() => Promise<void>> {
    const { store } = this
    const settings = store.settings()
    const policies = Object.values(policyFiles).map((file) => [file, store.policies(file)] as const)
    if (policies.some(([, documents]) => documents !== '')) {
      await this.setPolicies('')
      await this.setEncryptionPolicies('')
    }
    return async () => {
      // All of it is written before any agent is waited for: one that does not answer takes it up when it comes back.
      store.configure(settings)
      for (const [file, documents] of policies)
        if (store.policies(file) !== documents) store.putPolicies(file, documents)
      await this.settled()
    }
  }

  /** Waits until the policies of a file are in force. @throws Problem when an agent does not understand them. */
  async #understood(file: string, page: string): Promise<void> {
    await this.settled()
    for (const { name } of this.store.nodes()) {
      const { problems } = await this.status(name)
      const problem = problems.find((each) => each.startsWith(file))
      if (problem !== undefined) throw new Problem('EPOLICY', 2, problem, `Mend it: ${page}.`)
    }
  }

  async pauseAgent(node: string): Promise<void> {
    this.#signalAgent(node, 'SIGSTOP')
  }

  async resumeAgent(node: string): Promise<void> {
    this.#signalAgent(node, 'SIGCONT')
  }

  async killAgent(node: string): Promise<void> {
    const pid = agentProcess(this.name, node)
    if (pid !== undefined) await killProcesses([pid])
  }

  async startAgent(node: string, version?: AgentVersion): Promise<void> {
    await startAgent(this.name, node, version)
  }

  async podPort(pod: string): Promise<string> {
    return podPort(pod)
  }

  async wirePort(): Promise<string> {
    return wireDevice
  }

  async plugIntoWire(pod: string): Promise<Cable> {
    const { node } = this.#pod(pod)
    const others = this.store.nodes().filter(({ name }) => name !== node)
    plugIntoWire(this.name, pod, others, this.store.wire())
    return { unplug: async () => unplugFromWire(this.name, pod) }
  }

  async plugStranger(): Promise<Stranger> {
    plugStranger(this.name, this.store.wire())
    await this.#listenTo(this.#atWire(`port:${strangersPort(stranger)}`, strangersPort(stranger)))
    const namespace = namespacePath(strangerNamespace(this.name))
    return {
      mac: strangerMac,
      send: async (frame) => sendFrame(namespace, strangersDevice, frame),
      overhear: (node, to, count) =>
        overhear(namespacePath(wireNamespace(this.name)), wirePort(node), to, count),
      unplug: async () => {
        await this.#heardOut(this.#atWire(`port:${strangersPort(stranger)}`, strangersPort(stranger)))
        this.#discard(strangerNamespace(this.name), wireNamespace(this.name), strangersPort(stranger))
      },
    }
  }

  async sendPacket(target: string, packet: Uint8Array, mark?: number): Promise<void> {
    sendPacket(namespacePath(this.namespaceOf(target)), packet, mark)
  }

  async severStore(): Promise<Severed> {
    this.store.hide()
    return { restore: async () => this.store.show() }
  }

  async severWire(node: string): Promise<Severed> {
    this.namespaceOf(node)
    carryNothing(this.name, node, true)
    return { restore: async () => carryNothing(this.name, node, false) }
  }

  async repeatFrames(node: string): Promise<Severed> {
    this.namespaceOf(node)
    changeWire(this.name, node, { ...this.store.wire(), duplicatePercent: 100 })
    return { restore: async () => changeWire(this.name, node, this.store.wire()) }
  }

  async settled(signal?: AbortSignal): Promise<void> {
    const deadline = AbortSignal.timeout(settleDeadlineMs)
    const until = signal ? AbortSignal.any([signal, deadline]) : deadline
    await Promise.all(this.store.nodes().map(({ name }) => agentOf(this.name, name).settled(until)))
  }

  /** By one at a time: of two keys under the same id, some nodes would take the one and some the other. */
  async #replaceKey() {
    await using _lock = await lock(this.name)
    return this.store.rotateKey()
  }

  #pod(name: string): LabPod {
    const pod = this.store.pods().find((each) => each.name === name)
    if (!pod) throw new Problem('ETARGET', 2, `lab ${this.name} has no pod called ${name}`)
    return pod
  }

  #signalAgent(node: string, signal: NodeJS.Signals): void {
    const pid = agentProcess(this.name, node)
    if (pid === undefined) throw new Problem('EAGENT', 4, `no agent runs on ${node}`)
    process.kill(pid, signal)
  }

  #exists(namespace: string): boolean {
    return namespacesOf(this.name).includes(namespace)
  }

  #discardNode(name: string): void {
    this.#discard(nodeNamespace(this.name, name), wireNamespace(this.name), wirePort(name))
  }

  #discardPod(pod: LabPod): void {
    this.#discard(podNamespace(this.name, pod.name), nodeNamespace(this.name, pod.node), podPort(pod.name))
  }

  /**
   * Deletes a namespace, and the port by which another one holds its link: with the namespace alone the kernel takes the
   * port away at a time of its own, and until then its name is in use.
   */
  #discard(namespace: string, portNamespace: string, port: string): void {
    if (this.#exists(namespace)) deleteNamespace(namespace)
    if (!this.#exists(portNamespace)) return
    withRoute(portNamespace, (route) => {
      if (route.links().some((link) => link.name === port)) deletePort(route, port)
    })
  }
}

/** A port may go by itself between look and act. */
function deletePort(route: Route, port: string): void {
  try {
    route.deleteLink(port)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENODEV') throw error
  }
}

/** @throws Problem when no such lab is in this kernel. */
export function openLab(name: string): NetnsLab {
  const labs = labsHere()
  if (!labs.includes(name)) {
    const known = labs.length > 0 ? `There are: ${labs.join(', ')}.` : 'Stand one up: wireproof up'
    throw new Problem('ENOLAB', 2, `no lab is called ${name}`, known)
  }
  return new NetnsLab(name)
}
