import type { Flow } from '../../agent/api.ts'
import type { Lab } from '../../lab/lab.ts'
import { watchFlows } from '../flow-watch.ts'
import type { Dropped } from '../proof/index.ts'

/** What all agents tell of packets that they drop, while something happens. */
export interface DropWatch {
  /** @returns what was dropped, summed up by flow, place and reason. */
  end(): Promise<Dropped[]>
}

export async function watchAll(lab: Pick<Lab, 'nodes' | 'flows'>, signal: AbortSignal): Promise<DropWatch> {
  const watches = (await lab.nodes()).map(({ name }) => watchFlows(lab, name, signal))
  return { end: async () => summedUp((await Promise.all(watches.map((each) => each.end()))).flat()) }
}

export function summedUp(flows: readonly Flow[]): Dropped[] {
  const sums = new Map<string, Dropped>()
  for (const { verdict, node, hook, reason, rule, protocol, sourcePod, destinationPod, packets } of flows) {
    if (verdict !== 'dropped') continue
    const what = {
      ...{ node, hook, reason, protocol },
      ...(rule !== undefined && { rule }),
      ...(sourcePod !== undefined && { fromPod: sourcePod }),
      ...(destinationPod !== undefined && { toPod: destinationPod }),
    }
    const key = JSON.stringify(what)
    sums.set(key, { ...what, packets: (sums.get(key)?.packets ?? 0) + packets })
  }
  return [...sums.values()]
}
