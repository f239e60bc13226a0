import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePrefix } from '@wireproof/netlink'
import fc from 'fast-check'
import { parseClusterKey } from './keys/cluster-key.ts'
import type { IpcacheEntry } from './plan/ipcache.ts'
import { peerOf } from './plan/ownership.ts'
import { contains } from './plan/prefix.ts'
import { MemoryCluster } from './simulation/memory-cluster.ts'
import { SimulatedNode } from './simulation/simulated-node.ts'

const ids = [1, 2, 3, 4] as const
const podsPerNode = 2

type Event =
  | { readonly kind: 'rotate' }
  /** From native routing to VXLAN, or back. */
  | { readonly kind: 'reroute' }
  | { readonly kind: 'wait' }
  | { readonly kind: 'pod' | 'no-pod'; readonly id: number; readonly pod: number }
  | { readonly kind: 'scope'; readonly covered: (typeof scopes)[number] }
  /** The other passes in the middle, after so many effects. */
  | { readonly kind: 'meanwhile'; readonly id: number; readonly other: number; readonly after: number }
  | { readonly kind: (typeof disturbances)[number]; readonly id: number }

const disturbances = ['join', 'leave', 'restart', 'kill', 'pass', 'thorough', 'flush'] as const

/** What encryption policies cover: pods with this label only, none, or all, as without a policy. */
const scopes = ['1', 'none', 'all'] as const

const id = fc.constantFrom(...ids)
const one = <Kind extends string>(...kinds: Kind[]) => fc.constantFrom(...kinds)
const events: fc.Arbitrary<Event> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: one('pass'), id }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: one('meanwhile'), id, other: id, after: fc.integer({ min: 1, max: 6 }) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: one('join', 'leave', 'restart', 'kill', 'thorough'), id }) },
  { weight: 1, arbitrary: fc.record({ kind: one('flush'), id }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: one('pod', 'no-pod'),
      id,
      pod: fc.integer({ min: 1, max: podsPerNode }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: one('rotate', 'wait') }) },
  { weight: 1, arbitrary: fc.record({ kind: one('reroute') }) },
  { weight: 2, arbitrary: fc.record({ kind: one('scope'), covered: fc.constantFrom(...scopes) }) },
)

/** Simulated nodes under events, with a check after every single effect on any kernel. */
class World {
  readonly memory = new MemoryCluster(
    { encryptL3: true, strict: true, clusterCidrs: ['10.0.0.0/8'] },
    keyOf(1),
  )
  readonly nodes = new Map<number, SimulatedNode>()
  /** Nodes whose kernel lost keys: until all others have noticed, what they send and are sent cannot be opened. */
  readonly wounded = new Set<number>()
  #now = 0
  #rotations = 1
  #interruption: (() => void) | undefined
  /** Effects so far: the world's clock, while `#now` is the agents'. */
  #instant = 0
  readonly #joined = new Map<SimulatedNode, number>()
  readonly #seen = new WeakMap<object, number>()
  #covered: (typeof scopes)[number] = 'all'
  /** Nodes that may send in clear to the first pod of others: no policy that they have read covers it. */
  readonly #uncovering = new Set<SimulatedNode>()

  apply(event: Event): void {
    if (event.kind === 'wait') this.#now += 1500
    else if (event.kind === 'rotate') this.memory.key = keyOf((this.#rotations++ % 15) + 1)
    else if (event.kind === 'reroute') this.#reroute()
    else if (event.kind === 'scope') this.#cover(event.covered)
    else if (event.kind === 'meanwhile') this.#meanwhile(event)
    else if (event.kind === 'pod' || event.kind === 'no-pod') this.#changePod(event)
    else this.#disturb(event.kind, event.id)
  }

  #reroute(): void {
    const { settings } = this.memory
    this.memory.settings = { ...settings, routing: settings.routing === 'vxlan' ? 'native' : 'vxlan' }
  }

  #meanwhile({ id, other, after }: Extract<Event, { kind: 'meanwhile' }>): void {
    const interrupter = this.nodes.get(other)
    if (id === other || !interrupter?.isRunning) return
    let effects = 0
    this.#interruption = () => {
      if (++effects !== after) return
      this.#interruption = undefined
      this.#passOf(interrupter)
    }
    this.#disturb('pass', id)
    this.#interruption = undefined
  }

  /** Everybody runs, and passes until nothing waits. */
  settle(): void {
    for (const node of this.nodes.values()) if (!node.isRunning) node.start()
    this.#pass(10)
    this.wounded.clear()
  }

  #join(id: number): void {
    if (this.nodes.has(id)) return
    const described = describe(id)
    const onEffect = () => {
      this.check()
      this.#interruption?.()
    }
    const node = new SimulatedNode(this.memory, described, { onEffect })
    this.memory.putNode(described)
    this.nodes.set(id, node)
    this.#joined.set(node, ++this.#instant)
    node.start()
    this.#passOf(node)
  }

  #cover(covered: (typeof scopes)[number]): void {
    this.#covered = covered
    const { encryptionPolicies } = this.memory
    encryptionPolicies.clear()
    if (covered === 'all') return
    const pods = [{ pods: [{ key: 'app', operator: 'In', values: [covered] }], namespaces: [] }] as const
    encryptionPolicies.set('policy', [{ name: 'policy', pods }])
  }

  #passOf(node: SimulatedNode, thorough = false): void {
    // Until it ends, what the node read in an earlier pass may still be in force.
    if (this.#covered === 'none') this.#uncovering.add(node)
    node.pass(this.#now, thorough)
    if (this.#covered !== 'none') this.#uncovering.delete(node)
  }

  #leave(id: number): void {
    const node = this.nodes.get(id)
    if (!node) return
    this.nodes.delete(id)
    for (const pod of this.memory.pods.values()) if (pod.node === `n${id}`) this.memory.removePod(pod.name)
    this.memory.removeNode(`n${id}`)
    node.stop()
  }

  #changePod({ kind, id, pod }: Extract<Event, { pod: number }>): void {
    const name = `p${id}-${pod}`
    if (kind === 'no-pod') this.memory.removePod(name)
    else if (this.nodes.has(id))
      this.memory.putPod({
        name,
        node: `n${id}`,
        addresses: [`10.0.${id}.${pod}`],
        labels: { app: `${pod}` },
      })
  }

  #disturb(kind: (typeof disturbances)[number], id: number): void {
    if (kind === 'join') this.#join(id)
    if (kind === 'leave') this.#leave(id)
    const node = this.nodes.get(id)
    if (!node) return
    if (kind === 'kill') node.stop()
    if (kind === 'restart') {
      node.stop()
      node.start()
      this.#passOf(node)
    }
    if (!node.isRunning) return
    if (kind === 'pass') this.#passOf(node)
    if (kind === 'thorough') this.#passOf(node, true)
    if (kind === 'flush') {
      this.wounded.add(id)
      node.kernel.states.clear()
      this.#pass(8)
      if ([...this.nodes.values()].every(({ isRunning }) => isRunning)) this.wounded.clear()
    }
  }

  #pass(rounds: number): void {
    for (let round = 0; round < rounds; round++) {
      this.#now += 600
      for (const node of this.nodes.values()) if (node.isRunning) this.#passOf(node, round === 0)
    }
  }

  /** What becomes of a packet from any node's pods to any other's, at this instant. */
  check(): void {
    this.#instant++
    for (const { kernel } of this.nodes.values())
      for (const state of kernel.states.values())
        if (!this.#seen.has(state)) this.#seen.set(state, this.#instant)
    for (const [from, sender] of this.nodes)
      for (const [to, receiver] of this.nodes) if (from !== to) this.#checkPath(from, sender, to, receiver)
  }

  #isCovered(sender: SimulatedNode, { isOutOfScope }: IpcacheEntry): boolean {
    return !isOutOfScope || this.#uncovering.has(sender)
  }

  #checkPath(from: number, sender: SimulatedNode, to: number, receiver: SimulatedNode): void {
    const { kernel } = sender
    // No program of ours stands at its pods yet: they have no way out.
    if (kernel.addresses.size === 0) return
    const destination = `10.0.${to}.1`
    const known = lookUp(kernel.addresses, destination)
    assert.ok(
      known?.isProtected && kernel.encrypts && kernel.isStrict && this.#isCovered(sender, known),
      `n${from} would send to n${to} in clear`,
    )
    const spi = policyFor(sender, destination)?.template?.spi
    const state = [...kernel.states.values()].find(
      (each) => each.destination === receiver.node.underlay && each.spi === spi,
    )
    // Held back: by the gate without a policy, by XFRM without an association.
    if (!state || this.wounded.has(from) || this.wounded.has(to)) return
    const heard = [...receiver.kernel.states.values()].find(
      (each) => each.destination === receiver.node.underlay && each.spi === spi,
    )
    // A node that has joined anew at an address is another one than the association was made for.
    if (this.#seen.get(state)! < this.#joined.get(receiver)!) return
    const opens = heard !== undefined && heard.aead!.key.equals(state.aead!.key)
    assert.ok(opens, `n${to} cannot open what n${from} sends`)
  }
}

/** What the packet meets as the pod sent it, or, where it goes into VXLAN, what that meets. */
function policyFor({ kernel }: SimulatedNode, destination: string) {
  const towards = (address: string) =>
    [...kernel.policies.values()].find(
      (each) => each.direction === 'out' && contains(each.destination, address),
    )
  const route = [...kernel.routes.values()].find((each) => contains(each.destination, destination))
  return towards(destination) ?? (route?.encapsulation && towards(route.encapsulation.destination))
}

function keyOf(id: number) {
  return parseClusterKey(`${id}+ rfc4106(gcm(aes)) ${id.toString(16).padStart(40, '0')} 128`)
}

function describe(id: number) {
  return { name: `n${id}`, underlay: `192.168.0.${id}`, podCidrs: [`10.0.${id}.0/24`] }
}

function lookUp(addresses: SimulatedNode['kernel']['addresses'], address: string) {
  const matches = [...addresses.keys()].filter((prefix) => contains(prefix, address))
  const [longest] = matches.sort((a, b) => parsePrefix(b).length - parsePrefix(a).length)
  return longest === undefined ? undefined : addresses.get(longest)
}

/** All that matters of a kernel, without the numbers that its agent happened to choose. */
function contentOf({ node, kernel, plan }: SimulatedNode) {
  const nameOf = (number: number) =>
    number === 1 ? node.underlay : (plan.numbers.underlayOf(number) ?? number)
  return {
    states: [...kernel.states.values()]
      .map(({ source, destination, spi }) => `${source} ${destination} ${spi}`)
      .sort(),
    policies: [...kernel.policies.values()]
      .map(({ direction, source, destination, template }) =>
        [direction, source, destination, template?.source, template?.destination, template?.spi].join(' '),
      )
      .sort(),
    routes: [...kernel.routes.values()]
      .map(
        ({ destination, via, encapsulation, metric }) =>
          `${destination} via ${via ?? encapsulation?.destination} for ${nameOf(peerOf(metric)!)}`,
      )
      .sort(),
    addresses: [...kernel.addresses]
      .map(
        ([prefix, entry]) =>
          `${prefix} ${entry.identity} ${nameOf(entry.node)} ${entry.isProtected} ${entry.isOutOfScope ?? false}`,
      )
      .sort(),
  }
}

const runs = Number(process.env.WIREPROOF_PROPERTY_RUNS ?? 150)

test('whatever happens in whatever order, no protected packet can leave in clear, and none is sent that cannot be opened', () => {
  fc.assert(
    fc.property(fc.array(events, { maxLength: 80, size: 'max' }), (sequence) => {
      const world = new World()
      for (const event of sequence) world.apply(event)
      world.settle()
    }),
    { numRuns: runs },
  )
})

test('whatever happened, the kernel becomes what a fresh start of every agent would have made of it', () => {
  fc.assert(
    fc.property(fc.array(events, { maxLength: 80, size: 'max' }), (sequence) => {
      const world = new World()
      for (const event of sequence) world.apply(event)
      world.settle()
      for (const node of world.nodes.values()) {
        const grown = contentOf(node)
        const expected = new Set([...world.nodes.values()].map((each) => each.node.underlay))
        assert.equal(grown.states.length, 2 * (world.nodes.size - 1), [...expected].join())
        node.stop()
        node.start()
        node.pass(1e6)
        assert.deepEqual(contentOf(node), grown)
      }
    }),
    { numRuns: runs },
  )
})

test('control: an association that VXLAN would need on the receiving side is missed when it is taken away', () => {
  const world = new World()
  world.apply({ kind: 'reroute' })
  for (const id of [1, 2]) world.apply({ kind: 'join', id })
  world.settle()
  assert.ok([...world.nodes.get(1)!.kernel.routes.values()].some(({ encapsulation }) => encapsulation))
  world.check()
  world.nodes.get(2)!.kernel.states.clear()
  assert.throws(() => world.check(), /cannot open what n1 sends/)
})

test('control: an agent that forgets the range of pods is found to send in clear', () => {
  const world = new World()
  world.memory.settings = { ...world.memory.settings, clusterCidrs: [] }
  world.apply({ kind: 'join', id: 1 })
  assert.throws(() => world.apply({ kind: 'join', id: 2 }), /would send to n2 in clear/)
})

test('control: an association that is taken away on the receiving side is found', () => {
  const world = new World()
  for (const id of [1, 2]) world.apply({ kind: 'join', id })
  world.settle()
  world.nodes.get(2)!.kernel.states.clear()
  assert.throws(() => world.check(), /cannot open what n1 sends/)
})

test('control: an agent that narrows the scope without having been told to is found to send in clear', () => {
  const world = new World()
  for (const id of [1, 2]) world.apply({ kind: 'join', id })
  world.apply({ kind: 'pod', id: 2, pod: 1 })
  world.settle()
  const { addresses } = world.nodes.get(1)!.kernel
  addresses.set('10.0.2.1/32', { ...addresses.get('10.0.2.1/32')!, isOutOfScope: true })
  assert.throws(() => world.check(), /would send to n2 in clear/)
})
