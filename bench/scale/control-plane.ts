/**
 * What agents say to each other when a node joins and leaves: every agent decides as a real one does, on a kernel and a
 * store in memory, where each write is counted, and each agent that it wakes.
 */
import type { MemoryCluster } from '../../agent/simulation/memory-cluster.ts'
import { SimulatedNode } from '../../agent/simulation/simulated-node.ts'
import { table } from '../timing.ts'
import { describeNode, emptyCluster } from './cluster.ts'

const sizes = [10, 50, 200]
const asked = [5000, 50_000]

interface Spent {
  readonly writes: number
  readonly bytes: number
  readonly deliveries: number
}

/** A cluster in which all have agreed, and what is said until all have agreed again. */
class Simulation {
  readonly #cluster: MemoryCluster = emptyCluster()
  readonly #nodes = new Map<number, SimulatedNode>()
  #now = 0

  constructor(size: number) {
    for (let number = 1; number <= size; number++) this.#add(number)
    this.#settle()
  }

  join(number: number): Spent {
    return this.#spentOn(() => this.#add(number))
  }

  leave(number: number): Spent {
    return this.#spentOn(() => {
      this.#nodes.get(number)!.stop()
      this.#nodes.delete(number)
      this.#cluster.removeNode(describeNode(number).name)
    })
  }

  #add(number: number): void {
    const node = describeNode(number)
    this.#cluster.putNode(node)
    this.#nodes.set(number, new SimulatedNode(this.#cluster, node))
    this.#nodes.get(number)!.start()
  }

  #spentOn(change: () => void): Spent {
    const { traffic } = this.#cluster
    const before = { ...traffic }
    change()
    this.#settle()
    return {
      writes: traffic.writes - before.writes,
      bytes: traffic.bytes - before.bytes,
      deliveries: traffic.deliveries - before.deliveries,
    }
  }

  #settle(): void {
    for (let round = 0; round < 6; round++) {
      this.#now += 600
      for (const node of this.#nodes.values()) node.pass(this.#now)
    }
    const waiting = [...this.#nodes.values()].flatMap((node) => [...node.plan.waiting])
    if (waiting.length > 0) throw new Error(`${waiting.length} pairs of nodes have not agreed`)
  }
}

const spent = sizes.map((size) => {
  const simulation = new Simulation(size)
  const join = simulation.join(size + 1)
  const leave = simulation.leave(size + 1)
  return { size, join, leave }
})

/** What grows by the same amount for every node there is. */
function atSize(size: number, of: (each: (typeof spent)[number]) => number): number {
  const [small, large] = [spent[0]!, spent.at(-1)!]
  const slope = (of(large) - of(small)) / (large.size - small.size)
  return of(small) + slope * (size - small.size)
}

/** The sizes in between must lie on the line: else nothing could be said of others. */
for (const { size, join } of spent)
  for (const what of ['writes', 'deliveries'] as const) {
    const expected = atSize(size, (each) => each.join[what])
    if (Math.abs(join[what] - expected) > 0.02 * expected + 2)
      throw new Error(
        `${what} of a join at ${size} nodes are ${join[what]}, and not ${expected}: they do not grow evenly`,
      )
  }

const count = (value: number) => Math.round(value).toLocaleString('en')
const row = (size: number, source: string) => [
  count(size),
  source,
  count(atSize(size, ({ join }) => join.writes)),
  count(atSize(size, ({ join }) => join.bytes)),
  count(atSize(size, ({ join }) => join.deliveries)),
  count(atSize(size, ({ leave }) => leave.writes)),
  count(atSize(size, ({ leave }) => leave.deliveries)),
]
console.log('one node joins and leaves again: writes to the store, and how often an agent is woken by one\n')
console.log(
  table(
    ['nodes', '', 'join: writes', 'bytes', 'wakes', 'leave: writes', 'wakes'],
    [
      ...spent.map(({ size, join, leave }) => [
        count(size),
        'simulated',
        count(join.writes),
        count(join.bytes),
        count(join.deliveries),
        count(leave.writes),
        count(leave.deliveries),
      ]),
      ...asked.map((size) => row(size, 'on the same line')),
    ],
  ),
)
