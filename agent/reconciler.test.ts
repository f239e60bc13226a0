import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { XfrmStateOptions } from '@wireproof/netlink'
import fc from 'fast-check'
import type { ClusterNode } from './cluster/state.ts'
import { parseClusterKey } from './keys/cluster-key.ts'
import { askedMark, unsettledMark } from './plan/marks.ts'
import { peerOf } from './plan/ownership.ts'
import { controlPlane, type Exemption } from './scope/encryption-policy.ts'
import { accepts, type Fate, fateOf, type Packet } from './simulation/fate.ts'
import { MemoryCluster } from './simulation/memory-cluster.ts'
import { type SimulatedKernel, SimulatedNode } from './simulation/simulated-node.ts'

const ids = [1, 2, 3, 4] as const
const podsPerNode = 2

type Event =
  | { readonly kind: 'rotate' }
  /** From native routing to VXLAN, or back. */
  | { readonly kind: 'reroute' }
  | { readonly kind: 'wait' }
  | { readonly kind: 'pod' | 'no-pod'; readonly id: number; readonly pod: number }
  | ({ readonly kind: 'scope' } & Covered)
  | { readonly kind: 'label'; readonly id: number; readonly role: (typeof roles)[number] }
  /** The other passes in the middle, after so many effects. */
  | { readonly kind: 'meanwhile'; readonly id: number; readonly other: number; readonly after: number }
  | { readonly kind: (typeof disturbances)[number]; readonly id: number }

const disturbances = ['join', 'leave', 'restart', 'kill', 'pass', 'thorough', 'flush'] as const

/** What encryption policies cover. */
interface Covered {
  /** Those with this label only, none, or all, as without a policy. */
  readonly pods: (typeof podScopes)[number]
  /** By a selector those with the first role. */
  readonly nodes: 'none' | 'selected' | 'all'
  readonly exempt: readonly Exemption[]
}
const podScopes = ['1', 'none', 'all'] as const
const roles = ['worker', 'gateway'] as const

/** What an agent has read that decides about what may leave its node in clear. */
interface Reading {
  readonly pods: Covered['pods']
  /** Ids of those in scope. */
  readonly nodes: ReadonlySet<number>
  readonly exempt: readonly Exemption[]
}

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
  {
    weight: 3,
    arbitrary: fc.record({
      kind: one('scope'),
      pods: fc.constantFrom(...podScopes),
      nodes: one('none', 'selected', 'all'),
      exempt: fc.constantFrom(controlPlane, [], [{ protocol: 'UDP', port: 53 } as const]),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: one('label'), id, role: fc.constantFrom(...roles) }) },
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
  readonly #joins = new Map<number, number>()
  /** Since when each agent runs. */
  readonly #started = new Map<SimulatedNode, number>()
  readonly #seen = new WeakMap<object, number>()
  /** Who had the addresses of an association when it was made. */
  readonly #madeFor = new WeakMap<object, readonly string[]>()
  #covered: Covered = { pods: 'all', nodes: 'none', exempt: [] }
  /** What may be in force on a node: of the last pass, and of the one under way. */
  readonly #readings = new Map<SimulatedNode, readonly Reading[]>()
  readonly #tamper: (kernel: SimulatedKernel) => void

  /** @param tamper what somebody does to a kernel after every effect; nobody does by default. */
  constructor(tamper: (kernel: SimulatedKernel) => void = () => {}) {
    this.#tamper = tamper
  }

  apply(event: Event): void {
    if (event.kind === 'wait') this.#now += 1500
    else if (event.kind === 'rotate') this.memory.key = keyOf((this.#rotations++ % 15) + 1)
    else if (event.kind === 'reroute') this.#reroute()
    else if (event.kind === 'scope') this.#cover(event)
    else if (event.kind === 'label') this.#label(event.id, event.role)
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
    for (const node of this.nodes.values()) if (!node.isRunning) this.#start(node)
    this.#pass(10)
    this.wounded.clear()
  }

  #join(id: number): void {
    if (this.nodes.has(id)) return
    const described = { ...describe(id), name: this.#nextName(id) }
    const onEffect = () => {
      this.#tamper(node.kernel)
      this.check()
      this.#interruption?.()
    }
    const node: SimulatedNode = new SimulatedNode(this.memory, described, { onEffect })
    this.memory.putNode(described)
    this.nodes.set(id, node)
    this.#joined.set(node, ++this.#instant)
    this.#start(node)
    this.#passOf(node)
  }

  /** Those that have an address one after the other are others, and sometimes the same again. */
  #nextName(id: number): string {
    const joins = (this.#joins.get(id) ?? 0) + 1
    this.#joins.set(id, joins)
    return joins % 2 === 0 ? `heir${id}` : `n${id}`
  }

  #namesAt(addresses: readonly string[]): string[] {
    return [...this.nodes.values()].flatMap(({ node }) =>
      addresses.includes(node.underlay) ? [node.name] : [],
    )
  }

  #start(node: SimulatedNode): void {
    node.start()
    this.#started.set(node, ++this.#instant)
  }

  #cover(covered: Covered): void {
    this.#covered = covered
    const { encryptionPolicies } = this.memory
    encryptionPolicies.clear()
    const { nodes, exempt } = covered
    const pods = covered.pods === 'all' ? covered.pods : podsLabelled(covered.pods)
    if (pods !== 'all') encryptionPolicies.set('pods', [{ name: 'pods', pods }])
    if (nodes === 'none') return
    const selector = nodes === 'all' ? [] : [{ key: 'role', operator: 'In', values: [roles[0]] } as const]
    encryptionPolicies.set('nodes', [
      { name: 'nodes', pods: pods === 'all' ? 'all' : [], nodes: selector, exempt },
    ])
  }

  #label(id: number, role: string): void {
    const described = this.#described(id)
    if (described) this.memory.putNode({ ...described, labels: { role } })
  }

  #passOf(node: SimulatedNode, thorough = false): void {
    const now = this.#read()
    // Until it ends, what the node read in an earlier pass may still be in force.
    this.#readings.set(node, [...(this.#readings.get(node) ?? []), now])
    const begun = this.#instant
    node.pass(this.#now, thorough)
    this.#readings.set(node, [now])
    for (const other of this.nodes.values())
      if (other !== node && this.#joined.get(other)! <= begun) this.checkHeir(node, other)
  }

  #described(id: number): ClusterNode | undefined {
    const node = this.nodes.get(id)
    return node && this.memory.nodes.get(node.node.name)
  }

  #read(): Reading {
    const { pods, nodes, exempt } = this.#covered
    const isInScope = (id: number) => {
      const described = this.#described(id)
      return described !== undefined && (nodes === 'all' || described.labels?.role === roles[0])
    }
    if (nodes === 'none') return { pods, nodes: new Set(), exempt: [] }
    return { pods, nodes: new Set(ids.filter(isInScope)), exempt }
  }

  /** Who has seen another go has nothing left of it when its heir is known. */
  checkHeir(node: SimulatedNode, heir: SimulatedNode): void {
    const joined = this.#joined.get(heir)!
    if (this.#started.get(node)! > joined) return
    for (const state of node.kernel.states.values())
      if ([state.source, state.destination].includes(heir.node.underlay))
        assert.ok(
          (this.#seen.get(state) ?? joined) >= joined || this.#madeFor.get(state)!.includes(heir.node.name),
          `${node.node.name} has an association of whoever had ${heir.node.underlay} before ${heir.node.name}`,
        )
  }

  #leave(id: number): void {
    const node = this.nodes.get(id)
    if (!node) return
    this.nodes.delete(id)
    const { name } = node.node
    for (const pod of this.memory.pods.values()) if (pod.node === name) this.memory.removePod(pod.name)
    this.memory.removeNode(name)
    node.stop()
  }

  #changePod({ kind, id, pod }: Extract<Event, { pod: number }>): void {
    const name = `p${id}-${pod}`
    const node = this.nodes.get(id)
    if (kind === 'no-pod') this.memory.removePod(name)
    else if (node)
      this.memory.putPod({
        name,
        node: node.node.name,
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
      this.#start(node)
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
        if (!this.#seen.has(state)) {
          this.#seen.set(state, this.#instant)
          this.#madeFor.set(state, this.#namesAt([state.source, state.destination]))
        }
    for (const [from, sender] of this.nodes)
      for (const [to, receiver] of this.nodes) if (from !== to) this.#checkPath(from, sender, to, receiver)
  }

  #checkPath(from: number, sender: SimulatedNode, to: number, receiver: SimulatedNode): void {
    // No program of ours stands there yet: pods have no way out.
    if (sender.kernel.addresses.size === 0) return
    const readings = this.#readings.get(sender)!
    for (const packet of packetsBetween(from, to, this.#spiTowards(sender, receiver))) {
      const fate = fateOf(sender.kernel, packet)
      const isLeak =
        fate === 'clear' && !readings.some((reading) => mayLeaveInClear(packet, from, to, reading))
      const who = packet.from === 'pod' ? `n${from}` : `n${from} itself`
      if (isLeak) assert.fail(`${who} would send to n${to} in clear: ${JSON.stringify(packet)}`)
      if (typeof fate === 'object') this.#checkOpens(fate, from, sender, to, receiver)
    }
  }

  #spiTowards({ kernel }: SimulatedNode, { node }: SimulatedNode): number | undefined {
    const towards = [...kernel.policies.values()].find(
      ({ direction, template }) =>
        direction === 'out' && template?.destination === node.underlay && !template.optional,
    )
    return towards?.template?.spi
  }

  #checkOpens(
    state: Exclude<Fate, string>,
    from: number,
    sender: SimulatedNode,
    to: number,
    receiver: SimulatedNode,
  ): void {
    if (this.wounded.has(from) || this.wounded.has(to)) return
    // A node that has joined anew at an address is another one than the association was made for.
    if (this.#seen.get(state)! < this.#joined.get(receiver)!) return
    const heard = openerAt(receiver, state)
    const opens = heard !== undefined && heard.aead!.key.equals(state.aead!.key)
    assert.ok(opens, `${receiver.node.name} cannot open what ${sender.node.name} sends`)
  }

  /** Where nothing is under way any more, all that is covered is sealed, and taken by whom it is for. */
  checkSettled(): void {
    const reading = this.#read()
    for (const [from, sender] of this.nodes)
      for (const [to, receiver] of this.nodes) {
        if (from === to) continue
        const spi = this.#spiTowards(sender, receiver)
        for (const packet of packetsBetween(from, to, spi && spi ^ 1)) {
          if (mayLeaveInClear(packet, from, to, { ...reading, exempt: [] })) continue
          const fate = fateOf(sender.kernel, packet)
          const says = `from n${from} to n${to}: ${JSON.stringify(packet)}`
          assert.ok(typeof fate === 'object', `not sealed ${says}`)
          const heard = openerAt(receiver, fate)
          assert.ok(heard && accepts(receiver.kernel, heard, packet), `not accepted ${says}`)
        }
      }
  }
}

function openerAt({ kernel, node }: SimulatedNode, { spi }: { readonly spi: number }) {
  return [...kernel.states.values()].find((each) => each.destination === node.underlay && each.spi === spi)
}

const [kubernetesApi] = controlPlane
const service = '172.30.0.1'
const ordinary = { protocol: 'TCP', sourcePort: 40_000, destinationPort: 22 } as const

/** Of every kind one: between pods, between nodes, from one to the other, and by a service. @param asked under which a node was asked. */
function packetsBetween(from: number, to: number, asked: number | undefined): Packet[] {
  const [pod, otherPod] = [`10.0.${from}.1`, `10.0.${to}.1`]
  const [node, otherNode] = [`192.168.0.${from}`, `192.168.0.${to}`]
  const nodes = { from: 'node', source: node, destination: otherNode } as const
  const answer = { sourcePort: kubernetesApi!.port, destinationPort: 40_000 }
  const mark = asked === undefined ? {} : { mark: askedMark(asked).value }
  return [
    { ...ordinary, from: 'pod', source: pod, destination: otherPod },
    { ...ordinary, from: 'pod', source: pod, destination: otherNode },
    { ...ordinary, from: 'pod', source: pod, sentTo: service, destination: otherPod },
    { ...ordinary, from: 'pod', source: pod, sentTo: service, destination: otherNode },
    { ...ordinary, from: 'node', source: node, destination: otherPod },
    { ...ordinary, ...nodes },
    { ...ordinary, ...nodes, ...mark },
    { ...ordinary, ...nodes, destinationPort: kubernetesApi!.port },
    { ...ordinary, ...nodes, protocol: 'UDP', destinationPort: 53 },
    { ...ordinary, ...nodes, ...answer },
    { ...ordinary, ...nodes, ...answer, ...mark },
  ]
}

/** What policies say, as docs/encryption-policy.md has it. */
function mayLeaveInClear(
  packet: Packet,
  from: number,
  to: number,
  { pods, nodes, exempt }: Reading,
): boolean {
  const isToPod = packet.destination.startsWith('10.')
  if (packet.from === 'pod' && isToPod) return pods === 'none'
  if (packet.from === 'pod') return !nodes.has(to)
  if (isToPod) return !nodes.has(from)
  const isExempt = exempt.some(
    ({ protocol, port }) =>
      protocol === packet.protocol && (port === packet.destinationPort || port === packet.sourcePort),
  )
  return isExempt || !nodes.has(from) || !nodes.has(to)
}

function podsLabelled(label: string) {
  return [{ pods: [{ key: 'app', operator: 'In', values: [label] }], namespaces: [] }] as const
}

function keyOf(id: number) {
  return parseClusterKey(`${id}+ rfc4106(gcm(aes)) ${id.toString(16).padStart(40, '0')} 128`)
}

function describe(id: number) {
  return { name: `n${id}`, underlay: `192.168.0.${id}`, podCidrs: [`10.0.${id}.0/24`] }
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
      .map(({ direction, source, destination, protocol, mark, priority, template }) =>
        [
          [direction, source, destination, protocol, mark?.value, priority],
          [template?.source, template?.destination, template?.spi, template?.optional],
        ]
          .flat()
          .join(' '),
      )
      .sort(),
    routes: [...kernel.routes.values()]
      .map(
        ({ destination, via, encapsulation, metric, table }) =>
          `${table} ${destination} via ${via ?? encapsulation?.destination} for ${nameOf(peerOf(metric)!)}`,
      )
      .sort(),
    addresses: [...kernel.addresses]
      .map(([prefix, { identity, node, isProtected, isOutOfScope, isNodeInScope, isKeyless, spi }]) =>
        [
          [prefix, identity, nameOf(node), isProtected, isOutOfScope ?? false],
          [isNodeInScope ?? false, isKeyless ?? false, spi],
        ]
          .flat()
          .join(' '),
      )
      .sort(),
    exempt: [...kernel.exempt],
  }
}

const runs = Number(process.env.WIREPROOF_PROPERTY_RUNS ?? 150)

/** That nothing leaves in clear, and that what is sent can be opened, whatever happens. */
function safe(tamper?: (kernel: SimulatedKernel) => void) {
  return fc.property(fc.array(events, { maxLength: 80, size: 'max' }), (sequence) => {
    const world = new World(tamper)
    for (const event of sequence) world.apply(event)
    world.settle()
    world.checkSettled()
  })
}

test('whatever happens in whatever order, no protected packet can leave in clear, and none is sent that cannot be opened', () => {
  fc.assert(safe(), { numRuns: runs })
})

const tamperings: [string, RegExp, (kernel: SimulatedKernel) => void][] = [
  [
    'the last gate does not know which nodes are in scope',
    /would send to n\d in clear/,
    ({ addresses }) => {
      for (const [prefix, entry] of addresses) addresses.set(prefix, { ...entry, isNodeInScope: false })
    },
  ],
  [
    'more is exempt than any policy says',
    /itself would send to n\d in clear/,
    (kernel) => {
      kernel.exempt = [{ protocol: ordinary.protocol, port: ordinary.destinationPort }]
    },
  ],
  [
    'no policy encrypts what nodes send themselves',
    /not sealed from/,
    ({ policies }) => {
      for (const [name, policy] of policies)
        if (policy.direction === 'out' && policy.source.startsWith('192.168.0.'))
          policies.set(name, { ...policy, template: { ...policy.template!, spi: 1 } })
    },
  ],
]
for (const [what, message, tamper] of tamperings)
  test(`control: random events find that ${what}`, () => {
    const { failed, errorInstance } = fc.check(safe(tamper), { numRuns: runs, endOnFailure: true })
    assert.ok(failed)
    assert.match((errorInstance as Error).message, message)
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
  world.checkSettled()
  world.nodes.get(2)!.kernel.states.clear()
  assert.throws(() => world.check(), /cannot open what n1 sends/)
})

test('control: an agent that forgets the range of pods is found to send in clear', () => {
  const world = new World()
  world.memory.settings = { ...world.memory.settings, clusterCidrs: [] }
  world.apply({ kind: 'join', id: 1 })
  assert.throws(() => world.apply({ kind: 'join', id: 2 }), /n1 would send to n2 in clear/)
})

test('control: an association that outlives the node it was for is found to be there for its heir', () => {
  const world = new World()
  for (const id of [1, 2]) world.apply({ kind: 'join', id })
  world.settle()
  const one = world.nodes.get(1)!
  const [[name, left]] = [...one.kernel.states] as [[string, XfrmStateOptions]]
  for (const kind of ['leave', 'join'] as const) world.apply({ kind, id: 2 })
  one.kernel.states.set(name, left)
  assert.throws(() => world.checkHeir(one, world.nodes.get(2)!), /has an association of whoever had/)
})

/** Two nodes, of which everything is known everywhere, and in scope. */
function settledPair(): { world: World; first: SimulatedNode; second: SimulatedNode } {
  const world = new World()
  for (const id of [1, 2]) world.apply({ kind: 'join', id })
  world.apply({ kind: 'pod', id: 2, pod: 1 })
  world.apply({ kind: 'scope', pods: 'all', nodes: 'all', exempt: controlPlane })
  world.settle()
  world.check()
  world.checkSettled()
  return { world, first: world.nodes.get(1)!, second: world.nodes.get(2)! }
}

test('control: an association that is taken away on the receiving side is found', () => {
  const { world, second } = settledPair()
  second.kernel.states.clear()
  assert.throws(() => world.check(), /n2 cannot open what n1 sends/)
})

test('control: an agent that narrows the scope without having been told to is found to send in clear', () => {
  const { world, first } = settledPair()
  const { addresses } = first.kernel
  addresses.set('10.0.2.1/32', { ...addresses.get('10.0.2.1/32')!, isOutOfScope: true })
  addresses.set('10.0.1.0/24', { ...addresses.get('10.0.1.0/24')!, isOutOfScope: true })
  assert.throws(() => world.check(), /n1 would send to n2 in clear/)
})

test('control: an agent that forgets that a node is in scope is found to send its own packets in clear', () => {
  const { world, first } = settledPair()
  for (const [name, policy] of first.kernel.policies)
    if (policy.source === '192.168.0.1/32') first.kernel.policies.delete(name)
  // The last gate holds them.
  world.check()
  const { addresses } = first.kernel
  addresses.set('192.168.0.1/32', { ...addresses.get('192.168.0.1/32')!, isNodeInScope: false })
  assert.throws(() => world.check(), /n1 itself would send to n2 in clear/)
})

test('control: an agent that exempts what no policy does is found to send it in clear', () => {
  const { world, first } = settledPair()
  first.kernel.exempt = [{ protocol: 'TCP', port: ordinary.destinationPort }]
  // With keys nothing that asks goes in clear.
  world.check()
  first.kernel.exempt = [{ protocol: 'TCP', port: ordinary.sourcePort }]
  assert.throws(() => world.check(), /n1 itself would send to n2 in clear/)
})

test('control: a route without the program that settles what a service’s address stands for is found once all is settled', () => {
  const { world, first } = settledPair()
  for (const [name, { program }] of first.kernel.routes) if (program) first.kernel.routes.delete(name)
  // The last gate holds what goes there.
  world.check()
  assert.throws(() => world.checkSettled(), /not sealed from n1 to n2: .*"sentTo"/)
})

test('control: a node in scope that services cannot lead to is found once all is settled', () => {
  const { world, first } = settledPair()
  for (const [name, { mark }] of first.kernel.policies)
    if (mark?.value === unsettledMark.value) first.kernel.policies.delete(name)
  world.check()
  assert.throws(() => world.checkSettled(), /not sealed from n1 to n2: .*"sentTo"/)
})

test('control: a node that is not let in under its policies is found once all is settled', () => {
  const { world, second } = settledPair()
  for (const [name, { direction, destination }] of second.kernel.policies)
    if (direction === 'in' && destination === '192.168.0.2/32') second.kernel.policies.delete(name)
  world.check()
  assert.throws(() => world.checkSettled(), /not accepted from n1 to n2/)
})
