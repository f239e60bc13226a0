import { isDeepStrictEqual } from 'node:util'
import type { EncryptionSettings } from '../lab.ts'
import { Problem } from '../problem.ts'
import type { SuiteName } from '../suites.ts'
import {
  type IpFamily,
  ipFamilies,
  type NodeSpec,
  type Routing,
  routings,
  type Topology,
  type WireSpec,
} from '../topology.ts'
import { agentProcess, startAgent } from './agents.ts'
import { wireNamespace } from './layout.ts'
import { changeWire, makeWire } from './links.ts'
import { lock } from './lock.ts'
import { NetnsLab } from './netns-lab.ts'
import { namespacesOf, reap } from './reap.ts'
import { Store } from './store.ts'

/** Told of each step as it happens. */
export type Report = (line: string) => void

/**
 * Brings a lab to the given topology: from nothing, from a running lab, or from whatever an interrupted run left.
 *
 * @param settings what is asked for; the rest stays as it is in a running lab, and is on in a new one.
 * @param suite what to encrypt with; a running lab goes over to it with a new cluster key. As it is when left out.
 */
export async function standUp(
  name: string,
  topology: Topology,
  settings: Partial<EncryptionSettings>,
  report: Report,
  signal?: AbortSignal,
  suite?: SuiteName,
): Promise<NetnsLab> {
  await using _lock = await lock(name)
  const store = new Store(name)
  if (!namespacesOf(name).includes(wireNamespace(name))) {
    await reap(name)
    report('wire: a bridge in a namespace of its own, which no agent touches')
    makeWire(name)
  }
  store.create(suite)
  if (suite && store.suite() !== suite) {
    store.rotateKey(suite)
    report(`cluster key: a new one, for ${suite}`)
  }
  store.configure({ ...store.settings(), ...settings })
  const lab = new NetnsLab(name)
  await removeSurplus(lab, topology, report)
  bringFamilies(lab, topology.ipFamilies ?? [ipFamilies[0]])
  bringRouting(lab, topology.routing ?? routings[0])
  bringWire(lab, topology.wire ?? {}, report)
  signal?.throwIfAborted()
  await addNodes(lab, topology, report)
  signal?.throwIfAborted()
  await addPods(lab, topology, report)
  signal?.throwIfAborted()
  for (const service of topology.services ?? []) store.putService(service)
  await lab.settled(signal)
  report('agents: every node has the keys, policies and programs of all others')
  return lab
}

/** Takes a lab down, whole or half-made. */
export async function takeDown(name: string): Promise<void> {
  await using _lock = await lock(name)
  await reap(name)
}

async function removeSurplus(lab: NetnsLab, topology: Topology, report: Report): Promise<void> {
  const wanted = new Map((topology.pods ?? []).map((pod) => [pod.name, pod]))
  for (const pod of await lab.pods()) {
    if (wanted.get(pod.name)?.node === pod.node) continue
    report(`pod ${pod.name}: removed`)
    await lab.removePod(pod.name)
  }
  for (const node of await lab.nodes()) {
    if (topology.nodes.some(({ name }) => name === node.name)) continue
    report(`node ${node.name}: removed`)
    await lab.removeNode(node.name)
  }
  for (const service of lab.store.services()) {
    if (!topology.services?.some(({ name }) => name === service.name))
      lab.store.remove('services', service.name)
  }
}

async function addNodes(lab: NetnsLab, topology: Topology, report: Report): Promise<void> {
  relabel(lab, topology.nodes)
  const missing = topology.nodes.filter(({ name }) => !wakeAgent(lab.name, name))
  const nodes = missing.map((spec) => lab.prepareNode(spec))
  await Promise.all(
    nodes.map(async (node) => {
      await startAgent(lab.name, node.name)
      report(
        `node ${node.name}: ${node.underlay} on the wire, pods in ${node.podCidrs.join(' and ')}, agent running`,
      )
    }),
  )
}

function relabel(lab: NetnsLab, specs: readonly NodeSpec[]): void {
  for (const node of lab.store.nodes()) {
    const { labels: before, ...unlabelled } = node
    const labels = specs.find(({ name }) => name === node.name)?.labels
    if (!isDeepStrictEqual(before, labels)) lab.store.putNode(labels ? { ...unlabelled, labels } : unlabelled)
  }
}

/** @throws Problem where nodes and pods have addresses of others. */
function bringFamilies(lab: NetnsLab, families: readonly IpFamily[]): void {
  if (isDeepStrictEqual(lab.store.families(), families)) return
  if (lab.store.nodes().length > 0) throw cannotChange(lab, 'IP families')
  lab.store.putFamilies(families)
  lab.store.configure(lab.store.settings())
}

/** @throws Problem where pods have the MTU of the other. */
function bringRouting(lab: NetnsLab, routing: Routing): void {
  if (lab.store.routing() === routing) return
  if (lab.store.nodes().length > 0) throw cannotChange(lab, 'routing')
  lab.store.putRouting(routing)
}

function cannotChange({ name }: NetnsLab, what: string): Problem {
  return new Problem(
    'EWIRE',
    2,
    `the ${what} of lab ${name} cannot change while it runs`,
    `First: wireproof down ${name}`,
  )
}

/** @throws Problem where the change would need new links. */
function bringWire(lab: NetnsLab, wire: WireSpec, report: Report): void {
  const present = lab.store.wire()
  const nodes = lab.store.nodes()
  if (isDeepStrictEqual(present, wire)) return
  if (present.mtu !== wire.mtu && nodes.length > 0) throw cannotChange(lab, 'mtu')
  for (const { name } of nodes) changeWire(lab.name, name, wire)
  lab.store.putWire(wire)
  if (nodes.length > 0) report('wire: delay, loss and rate as asked for')
}

/** Whether a node has an agent, awake from now on: a demo that was killed may have left it frozen. */
function wakeAgent(lab: string, node: string): boolean {
  const pid = agentProcess(lab, node)
  if (pid !== undefined) process.kill(pid, 'SIGCONT')
  return pid !== undefined
}

async function addPods(lab: NetnsLab, topology: Topology, report: Report): Promise<void> {
  const present = new Map((await lab.pods()).map((pod) => [pod.name, pod]))
  for (const spec of topology.pods ?? []) {
    const known = present.get(spec.name)
    if (known && lab.isWhole(known)) {
      lab.store.putPod({ ...known, labels: spec.labels ?? {} })
      continue
    }
    const pod = await lab.addPod(spec)
    report(`pod ${pod.name}: ${pod.addresses.join(' and ')} on ${pod.node}`)
  }
}
