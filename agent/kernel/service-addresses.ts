import type { BpfMap } from '@wireproof/libbpf'
import type { Service } from '../scope/encryption-policy.ts'
import { writeHostKey, writeServiceValue } from './datapath-layout.ts'
import { whileOutOfReserve } from './patience.ts'

type Map = Pick<BpfMap, 'set' | 'delete'>

/** What the datapath knows of services: which addresses are theirs, and whether pods that it knows are behind them. */
export class ServiceAddresses {
  readonly #map: Map
  #known: ReadonlyMap<string, boolean> = new Map()
  #services: readonly Service[] = []

  constructor(map: Map) {
    this.#map = map
  }

  replace(services: Iterable<Service>): void {
    const given = [...services]
    if (given.length === this.#services.length && given.every((each, at) => each === this.#services[at]))
      return
    const wanted = new Map(
      given.flatMap(({ addresses = [], selector }) =>
        addresses.map((address) => [address, Object.keys(selector).length > 0] as const),
      ),
    )
    for (const [address, isOfPods] of wanted)
      if (this.#known.get(address) !== isOfPods)
        whileOutOfReserve(() => this.#map.set(writeHostKey(address), writeServiceValue({ isOfPods })))
    for (const address of this.#known.keys())
      if (!wanted.has(address)) this.#map.delete(writeHostKey(address))
    this.#known = wanted
    this.#services = given
  }
}
