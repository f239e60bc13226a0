import type { Lab, LabNode, LabPod } from '../../lab/lab.ts'
import { nowInNanoseconds } from '../arm.ts'
import type { Guests as GuestFacts } from '../proof/index.ts'
import type { Pair } from '../workload/canary.ts'
import type { BackgroundStream, SentCanary, Workload } from '../workload/traffic.ts'

/** Canaries to and from guests: none of them may be lost. */
const patientMs = 8000

type Stay = { -readonly [Field in keyof Omit<GuestFacts['nodes'][number], keyof LabNode>]: string }

interface Guest<Kind extends LabNode | LabPod> {
  readonly it: Kind
  readonly stay: Partial<Stay> & Pick<Stay, 'from'>
}

export interface Hosts {
  readonly lab: Pick<Lab, 'addNode' | 'removeNode' | 'addPod' | 'removePod' | 'settled' | 'nodes' | 'pods'>
  readonly workload: Workload
  /** Name of the arm. */
  readonly arm: string
  /** How often each of their streams has a datagram, in milliseconds. */
  readonly everyMs: number
  mark(what: string): void
  /** Reads the security associations, of those that leave for the last time. */
  look(): Promise<void>
}

/** Datagrams on their way between some pods. */
export interface Conversation {
  /** Waits for all answers. What is lost meanwhile is told, and no error. */
  end(): Promise<void>
}

/** Nodes and pods that join while the others send, and leave before these have ended. */
export class Guests {
  readonly #hosts: Hosts
  readonly #signal: AbortSignal
  readonly #nodes = new Map<string, Guest<LabNode>>()
  readonly #pods = new Map<string, Guest<LabPod>>()
  #underWay: Promise<unknown> = Promise.resolve()
  readonly canaries: SentCanary[] = []
  readonly streams: BackgroundStream[] = []

  constructor(hosts: Hosts, signal: AbortSignal) {
    this.#hosts = hosts
    this.#signal = signal
  }

  /** Who joined, and when; undefined where nobody did. */
  facts(): GuestFacts | undefined {
    if (this.#nodes.size === 0) return undefined
    return {
      nodes: Array.from(this.#nodes.values(), ({ it: { name, id, underlay, podCidrs }, stay }) => ({
        ...{ name, id, underlay, podCidrs: [...podCidrs] },
        ...(stay as Stay),
      })),
      pods: Array.from(this.#pods.values(), ({ it: { name, node, addresses }, stay }) => ({
        ...{ name, node, addresses: [...addresses] },
        ...(stay as Stay),
      })),
    }
  }

  /** @param podCidrs those that one had who left. */
  async addNode(name: string, podCidrs?: readonly string[]): Promise<LabNode> {
    const { lab, mark } = this.#hosts
    const stay: Guest<LabNode>['stay'] = { from: nowInNanoseconds() }
    const it = await this.#whole(async () => {
      const added = await lab.addNode({ name }, podCidrs)
      this.#nodes.set(name, { it: added, stay })
      return added
    })
    stay.ready = nowInNanoseconds()
    mark(`node ${name} had joined`)
    return it
  }

  /** Connects pods and starts their programs. */
  async addPods(names: readonly string[], node: string): Promise<LabPod[]> {
    const { lab, workload, mark } = this.#hosts
    const pods: LabPod[] = []
    for (const name of names) {
      const stay: Guest<LabPod>['stay'] = { from: nowInNanoseconds() }
      const it = await this.#whole(() => lab.addPod({ name, node }))
      this.#pods.set(name, { it, stay })
      pods.push(it)
    }
    await Promise.all(pods.map((pod) => workload.join(pod)))
    await lab.settled()
    for (const { name } of pods) {
      this.#pods.get(name)!.stay.ready = nowInNanoseconds()
      mark(`pod ${name} had joined`)
    }
    return pods
  }

  /** Has a canary go from each to its other, over every protocol. */
  async sendCanaries(pairs: readonly Pair[]): Promise<void> {
    const { workload, arm } = this.#hosts
    const options = { pairs, deadlineMs: patientMs, signal: this.#signal }
    this.canaries.push(...(await workload.sendCanaries(arm, options)))
  }

  /** Has datagrams go from each to its other, who need not be there. */
  stream(pairs: readonly Pair[]): Conversation {
    const { workload, everyMs } = this.#hosts
    const background = workload.startBackground(everyMs, { pairs })
    return {
      end: async () => {
        this.streams.push(...(await background.end(this.#signal)).streams)
      },
    }
  }

  async removePods(names: readonly string[]): Promise<void> {
    const { lab, workload, mark, look } = this.#hosts
    for (const name of names) this.#pods.get(name)!.stay.leaving ??= nowInNanoseconds()
    await Promise.all(names.map((name) => workload.leave(name)))
    await look()
    for (const name of names) {
      await this.#whole(() => lab.removePod(name))
      this.#pods.get(name)!.stay.until = nowInNanoseconds(1n)
      mark(`pod ${name} had left`)
    }
  }

  /** With all of its pods. */
  async removeNode(name: string): Promise<void> {
    const { lab, mark, look } = this.#hosts
    const guest = this.#nodes.get(name)!
    const pods = [...this.#pods.values()].filter(({ it, stay }) => it.node === name && !stay.until)
    guest.stay.leaving = nowInNanoseconds()
    await this.removePods(pods.map(({ it }) => it.name))
    await look()
    await this.#whole(() => lab.removeNode(name))
    guest.stay.until = nowInNanoseconds(1n)
    await look()
    mark(`node ${name} had left`)
  }

  /** Whoever is still there, when the demo ends before they have left. */
  async sendAway(): Promise<void> {
    const { lab } = this.#hosts
    await this.#underWay.catch(() => {})
    const there = new Set((await lab.nodes()).map(({ name }) => name))
    for (const name of this.#nodes.keys()) if (there.has(name)) await lab.removeNode(name)
  }

  /** Does what is either done or not begun, also when the demo is interrupted. */
  #whole<Result>(action: () => Promise<Result>): Promise<Result> {
    this.#signal.throwIfAborted()
    const done = action()
    this.#underWay = done
    return done
  }
}
