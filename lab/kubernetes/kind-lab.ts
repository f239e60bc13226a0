import { statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { inNetworkNamespace } from '@wireproof/ffi'
import { openXfrm } from '@wireproof/netlink'
import {
  type AgentStatus,
  type Flow,
  type FlowRecord,
  isLoss,
  type SecurityAssociation,
} from '../../agent/api.ts'
import { type AgentClient, connectAgent } from '../../agent/client.ts'
import { agentSocket } from '../../agent/kubernetes/names.ts'
import type { FlowQuery } from '../../agent/monitor/filter.ts'
import { keyManifest } from '../../deploy/kubernetes/manifests.ts'
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
import { startCapture, type Vantage } from '../namespaces/capture.ts'
import { makeHonest, type Port } from '../namespaces/honest-frames.ts'
import { commandLine, labProcess, processesIn, spawnIn } from '../namespaces/process.ts'
import { sendPacket } from '../namespaces/raw-packets.ts'
import { readRefusals } from '../namespaces/refusals.ts'
import { describeAssociation } from '../namespaces/security-association.ts'
import { Problem } from '../problem.ts'
import { newClusterKey, nextKeyId, suiteNames, suiteOfClusterKey } from '../suites.ts'
import type { PodSpec, ServiceSpec } from '../topology.ts'
import { type ClusterClient, objectsIn } from './cluster-client.ts'
import {
  bridgePort,
  type NodeContainer,
  nodeNamespace,
  ownNamespace,
  pathInNode,
  podDevice,
  wireDevice,
  withRoute,
} from './node-container.ts'
import { workloadContainer, workloadPod } from './objects.ts'
import { execInPod } from './pod-exec.ts'
import { type ClusterParts, look, type Present } from './present.ts'

/** kubelet looks for changes of what it has mounted about once a minute. */
const settleDeadlineMs = 150_000
const lookAgainMs = 200

/**
 * A kind cluster on this machine, and in it the pods of one namespace. Its nodes are containers, so the wire between them, a
 * bridge that no agent reaches, is listened to from outside.
 */
export class KindLab implements Lab {
  readonly name: string
  /** Clusters in containers are made for trying things out. */
  readonly isDisposable = true
  readonly #parts: ClusterParts
  readonly #client: ClusterClient
  readonly #namespace: string
  #present: Present

  private constructor(name: string, parts: ClusterParts, present: Present) {
    this.name = name
    this.#parts = parts
    this.#client = parts.client
    this.#namespace = parts.namespace
    this.#present = present
  }

  /** @throws Problem where the cluster does not answer. */
  static async open(name: string, parts: ClusterParts): Promise<KindLab> {
    return new KindLab(name, parts, await look(parts))
  }

  async nodes(): Promise<LabNode[]> {
    await this.#lookAgain()
    return [...this.#present.nodes]
  }

  async pods(): Promise<LabPod[]> {
    await this.#lookAgain()
    return [...this.#present.pods]
  }

  /** In a pod's container, with `node` from its image in place of our own; at a node in its network namespace. */
  spawn(target: string, argv: readonly string[]): LabProcess {
    const container = this.#present.containers.get(target)
    if (container) return labProcess(spawnIn(nodeNamespace(container), argv, { stdio: 'pipe' }))
    const pod = this.#pod(target)
    const [program = '', ...rest] = argv
    const inImage = program === process.execPath ? 'node' : program
    const at = { namespace: this.#namespace, pod: pod.name, container: workloadContainer }
    return execInPod(this.#client.config, at, [inImage, ...rest])
  }

  async capture(directory: string, signal?: AbortSignal, also = { nodes: false }): Promise<Capture> {
    await this.#lookAgain()
    const vantages = () => [...this.#vantages(), ...(also.nodes ? this.#nodeVantages() : [])]
    const restore = makeHonest([...vantages(), ...this.#nodeVantages(), ...(await this.#podPorts())])
    signal?.addEventListener('abort', restore, { once: true })
    try {
      const capture = await startCapture(vantages, directory, signal)
      return {
        quiet: () => capture.quiet(),
        stop: async () => {
          const points = await capture.stop()
          signal?.removeEventListener('abort', restore)
          restore()
          return points
        },
      }
    } catch (error) {
      restore()
      throw error
    }
  }

  #podPorts(): Promise<Port[]> {
    return Promise.all(
      this.#present.pods.map(async ({ name, node }) => ({
        namespace: nodeNamespace(this.#container(node)),
        device: await this.podPort(name),
      })),
    )
  }

  #vantages(): Vantage[] {
    const { containers, podNamespaces } = this.#present
    const ports = [...containers.values()].map((container) => ({
      name: `wire/${container.name}`,
      namespace: ownNamespace,
      device: bridgePort(container),
      direction: 'in' as const,
    }))
    const pods = [...podNamespaces].map(([name, namespace]) => ({
      name: `pod/${name}`,
      namespace,
      device: podDevice,
      direction: 'inout' as const,
    }))
    return [...ports, ...pods]
  }

  #nodeVantages(): Vantage[] {
    return [...this.#present.containers.values()].map((container) => ({
      name: `node/${container.name}`,
      namespace: nodeNamespace(container),
      device: wireDevice,
      direction: 'in',
    }))
  }

  status(node: string, signal?: AbortSignal): Promise<AgentStatus> {
    return this.#agent(node).status(signal)
  }

  async *flows(node: string, signal: AbortSignal): AsyncIterable<Flow> {
    for await (const flow of this.#agent(node).flows(signal)) yield this.#inOurWords(flow)
  }

  async *records(node: string, query: FlowQuery, signal: AbortSignal): AsyncIterable<FlowRecord> {
    for await (const record of this.#agent(node).records(query, signal))
      yield isLoss(record) ? record : this.#inOurWords(record)
  }

  /** To an agent a pod is called by its namespace and its name. */
  #inOurWords(flow: Flow): Flow {
    const prefix = `${this.#namespace}/`
    const shortened = (name: string) => (name.startsWith(prefix) ? name.slice(prefix.length) : name)
    const { sourcePod, destinationPod } = flow
    return {
      ...flow,
      ...(sourcePod !== undefined && { sourcePod: shortened(sourcePod) }),
      ...(destinationPod !== undefined && { destinationPod: shortened(destinationPod) }),
    }
  }

  async securityAssociations(node: string): Promise<SecurityAssociation[]> {
    const { underlay } = this.#node(node)
    const states = inNetworkNamespace(nodeNamespace(this.#container(node)), () => {
      using xfrm = openXfrm()
      return xfrm.states()
    })
    return states.map((state) => describeAssociation(node, state, state.source === underlay))
  }

  async refusals(node: string): Promise<Readonly<Record<string, number>>> {
    return readRefusals(node, nodeNamespace(this.#container(node)))
  }

  async addNode(): Promise<LabNode> {
    throw unable('kind adds no nodes to a cluster that is there')
  }

  async removeNode(): Promise<void> {
    throw unable('kind takes no nodes from a cluster')
  }

  async addPod(spec: PodSpec): Promise<LabPod> {
    await this.#client.deletePod(spec.name, this.#namespace)
    await this.#until(`pod ${spec.name} is gone`, async () => {
      const pods = await this.#client.pods(this.#namespace)
      return pods.every(({ metadata }) => metadata?.name !== spec.name)
    })
    await this.#client.apply(workloadPod(spec, this.#namespace))
    await this.#until(`pod ${spec.name} runs`, async () => {
      await this.#lookAgain()
      return this.#present.podNamespaces.has(spec.name)
    })
    await this.settled()
    return this.#pod(spec.name)
  }

  async removePod(name: string): Promise<void> {
    await this.#client.deletePod(name, this.#namespace)
    await this.#until(`pod ${name} is gone`, async () => {
      const pods = await this.#client.pods(this.#namespace)
      return pods.every(({ metadata }) => metadata?.name !== name)
    })
    await this.#lookAgain()
  }

  async rotateKey(): Promise<{ readonly from: number; readonly to: number }> {
    const before = await this.#client.clusterKey()
    const to = nextKeyId(before)
    await this.#client.apply(keyManifest(newClusterKey(to, suiteOfClusterKey(before) ?? suiteNames[0])))
    await this.#everywhere(`the cluster key has the id ${to}`, ({ key }) => key.id === to)
    return { from: Number.parseInt(before, 10), to }
  }

  async configure({ encryptL3, strict }: EncryptionSettings): Promise<void> {
    await this.#client.putSettings({ ...(await this.#client.settings()), encryptL3, strict })
    await this.#everywhere(
      `encryption is ${encryptL3 ? 'on' : 'off'}, and strict mode ${strict ? 'on' : 'off'}`,
      (status) => status.encryptL3 === encryptL3 && status.strict === strict,
    )
  }

  async setPolicies(documents: string): Promise<void> {
    await this.#client.replaceNetworkPolicies(objectsIn(documents), this.#namespace)
    await this.settled()
  }

  async services(): Promise<ServiceSpec[]> {
    const services = await this.#client.services(this.#namespace)
    return services.flatMap(({ metadata, spec }) =>
      (spec?.ports ?? []).slice(0, 1).map(({ port, protocol }) => ({
        name: metadata?.name ?? '',
        selector: spec?.selector ?? {},
        port,
        protocol: protocol === 'UDP' ? ('udp' as const) : ('tcp' as const),
      })),
    )
  }

  async setEncryptionPolicies(documents: string): Promise<void> {
    await this.#client.replaceEncryptionPolicies(objectsIn(documents))
    await this.settled()
  }

  async setAside(): Promise<() => Promise<void>> {
    const [settings, network, encryption] = await Promise.all([
      this.#client.settings(),
      this.#client.networkPolicies(this.#namespace),
      this.#client.encryptionPolicies(),
    ])
    await this.setPolicies('')
    await this.setEncryptionPolicies('')
    return async () => {
      await this.#client.putSettings(settings)
      await this.#client.replaceNetworkPolicies(network, this.#namespace)
      await this.#client.replaceEncryptionPolicies(encryption)
      await this.settled()
    }
  }

  async pauseAgent(node: string): Promise<void> {
    this.#signalAgent(node, 'SIGSTOP')
  }

  async resumeAgent(node: string): Promise<void> {
    this.#signalAgent(node, 'SIGCONT')
  }

  /** kubelet starts the next. */
  async killAgent(node: string): Promise<void> {
    if (this.#agentProcess(node) !== undefined) this.#signalAgent(node, 'SIGKILL')
  }

  async startAgent(node: string, version: AgentVersion = 'this'): Promise<void> {
    if (version !== 'this') throw unable('another version of the agent is another image')
    await this.#until(`the agent of ${node} answers`, () =>
      this.status(node).then(
        () => true,
        () => false,
      ),
    )
  }

  async podPort(pod: string): Promise<string> {
    const { node, addresses } = this.#pod(pod)
    const port = withRoute(nodeNamespace(this.#container(node)), (route) => {
      const to = route
        .routes()
        .find(
          ({ destination, via }) =>
            via === undefined && addresses.some((each) => destination.startsWith(`${each}/`)),
        )
      return route.links().find(({ index }) => index === to?.device)?.name
    })
    if (port === undefined) throw new Problem('ETARGET', 4, `node ${node} has no route to pod ${pod}`)
    return port
  }

  async wirePort(): Promise<string> {
    return wireDevice
  }

  async plugIntoWire(): Promise<Cable> {
    throw unable('pods of a kind cluster have no second interface')
  }

  async plugStranger(): Promise<Stranger> {
    throw unable('the wire of a kind cluster is its container provider’s')
  }

  async sendPacket(target: string, packet: Uint8Array, mark?: number): Promise<void> {
    const container = this.#present.containers.get(target)
    const namespace = container ? nodeNamespace(container) : this.#present.podNamespaces.get(target)
    if (namespace === undefined) throw this.#unknown(target)
    sendPacket(namespace, packet, mark)
  }

  async severStore(): Promise<Severed> {
    throw unable('the cluster store is the API server, which pods need as well')
  }

  async severWire(): Promise<Severed> {
    throw unable('the wire of a kind cluster is its container provider’s')
  }

  async repeatFrames(): Promise<Severed> {
    throw unable('the wire of a kind cluster is its container provider’s')
  }

  async settled(signal?: AbortSignal): Promise<void> {
    const deadline = AbortSignal.timeout(settleDeadlineMs)
    const until = signal ? AbortSignal.any([signal, deadline]) : deadline
    await Promise.all(this.#present.nodes.map(({ name }) => this.#agent(name).settled(until)))
  }

  async #everywhere(what: string, holds: (status: AgentStatus) => boolean): Promise<void> {
    for (const { name } of this.#present.nodes)
      await this.#until(`${what} on ${name}`, async () => holds(await this.status(name)))
    await this.settled()
  }

  async #until(what: string, holds: () => Promise<boolean>): Promise<void> {
    for (const deadline = performance.now() + settleDeadlineMs; !(await holds()); await sleep(lookAgainMs))
      if (performance.now() > deadline)
        throw new Problem('ESLOW', 4, `after ${settleDeadlineMs / 1000} s it is still not so that ${what}`)
  }

  async #lookAgain(): Promise<void> {
    this.#present = await look(this.#parts)
  }

  #agent(node: string): AgentClient {
    return connectAgent(pathInNode(this.#container(node), agentSocket))
  }

  #signalAgent(node: string, signal: NodeJS.Signals): void {
    const pid = this.#agentProcess(node)
    if (pid === undefined) throw new Problem('EAGENT', 4, `no agent runs on ${node}`)
    process.kill(pid, signal)
  }

  #agentProcess(node: string): number | undefined {
    const { ino } = statSync(nodeNamespace(this.#container(node)))
    return processesIn(new Set([ino])).find((pid) => isAgent(commandLine(pid)))
  }

  #node(name: string): LabNode {
    const node = this.#present.nodes.find((each) => each.name === name)
    if (!node) throw this.#unknown(name)
    return node
  }

  #container(node: string): NodeContainer {
    const container = this.#present.containers.get(node)
    if (!container) throw this.#unknown(node)
    return container
  }

  #pod(name: string): LabPod {
    const pod = this.#present.pods.find((each) => each.name === name)
    if (!pod) throw this.#unknown(name)
    return pod
  }

  #unknown(target: string): Problem {
    const { nodes, pods } = this.#present
    const names = [...nodes, ...pods].map(({ name }) => name)
    const what = `${this.name} has no node or pod called ${target}`
    return new Problem('ETARGET', 2, what, `There are: ${names.join(', ')}.`)
  }
}

function isAgent(argv: readonly string[]): boolean {
  return argv.some((each) => each.endsWith('agent/main.ts') || each.endsWith('agent/main.js'))
}

function unable(why: string): Problem {
  return new Problem(
    'ESUBSTRATE',
    3,
    `not on Kubernetes: ${why}`,
    'Play this on a lab of this machine: wireproof demo.',
  )
}
