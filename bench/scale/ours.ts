/**
 * One real agent on a real kernel, in the network namespace it is started in, with a cluster in memory. Prints one JSON
 * object.
 *
 *     node bench/scale/ours.ts <nodes> <file for the same state as commands of ip>
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openObject } from '@wireproof/libbpf'
import { openRoute, openXfrm } from '@wireproof/netlink'
import { JournalFile } from '../../agent/cluster/journal.ts'
import { AddressMap, roomFor } from '../../agent/kernel/address-map.ts'
import { Datapath } from '../../agent/kernel/datapath.ts'
import { whileOutOfReserve } from '../../agent/kernel/patience.ts'
import { LocalPods } from '../../agent/kernel/pods.ts'
import { ownRoutes } from '../../agent/kernel/routes.ts'
import { readSecurity } from '../../agent/kernel/xfrm.ts'
import { keepMemorySmall } from '../../agent/memory.ts'
import type { IpcacheEntry } from '../../agent/plan/ipcache.ts'
import { PolicyEnforcement } from '../../agent/policy/enforcement.ts'
import { Reconciler } from '../../agent/reconciler.ts'
import { median } from '../timing.ts'
import { join, largeCluster, leave } from './cluster.ts'
import { commandsOf } from './commands.ts'

// As the agent's program does.
keepMemorySmall()

const rounds = 25
/** Before which the code has not been compiled. */
const warmUp = 5

const objectFile = fileURLToPath(new URL('../../bpf/datapath.o', import.meta.url))
const nodes = Number(process.argv[2])
const directory = mkdtempSync(joinPath(tmpdir(), 'wireproof-scale-'))
const xfrm = openXfrm()
const route = openRoute()
xfrm.setHashThresholds({ ipv4: [0, 16] })
const cluster = largeCluster(nodes)

type Entry = readonly [prefix: string, entry: IpcacheEntry]

function timed(action: () => void): number {
  const from = performance.now()
  action()
  return performance.now() - from
}

/** Says how long its map of addresses took, which `ip` has no part in. */
class TimedDatapath extends Datapath {
  milliseconds = 0

  override addEntries(entries: Iterable<Entry>): void {
    this.milliseconds += timed(() => super.addEntries(entries))
  }
}

/** Says what was put there. */
class RecordingDatapath extends Datapath {
  readonly entries: Entry[] = []

  override addEntries(entries: Iterable<Entry>): void {
    this.entries.push(...entries)
    super.addEntries(this.entries)
  }
}

/** What it takes to lay out and send what is to be installed, without deciding what that is. */
const calls = { milliseconds: 0 }
function timeCalls<Target extends object>(target: Target, names: readonly (keyof Target)[]): void {
  for (const name of names) {
    const call = (target[name] as (...values: unknown[]) => unknown).bind(target)
    const replacement = (...values: unknown[]) => {
      let result: unknown
      calls.milliseconds += timed(() => {
        result = call(...values)
      })
      return result
    }
    target[name] = replacement as Target[keyof Target]
  }
}
timeCalls(xfrm, ['addStates', 'updatePolicies'])
timeCalls(route, ['addRoutes'])

/** What the kernel takes for a map of addresses whose keys and values are made beforehand. */
function bareMap(entries: readonly Entry[], pods: number): number {
  using object = openObject(objectFile, { mapSizes: { hosts: roomFor(pods) } }).load()
  const writes: (() => void)[] = []
  const later = (name: string) => ({
    set: (key: Buffer, value: Buffer) => void writes.push(() => object.map(name).set(key, value)),
    setMany: (keys: readonly Buffer[], values: readonly Buffer[]) =>
      void writes.push(() => object.map(name).setMany(keys, values)),
    delete: () => false,
  })
  new AddressMap(later('hosts'), later('ipcache')).set(entries)
  return timed(() => {
    for (const write of writes) whileOutOfReserve(write)
  })
}

function start<Kind extends Datapath>(
  kind: new (...options: ConstructorParameters<typeof Datapath>) => Kind,
) {
  const datapath = new kind({ wire: route.link('eth0').index, pods: [] }, { pods: cluster.pods.size })
  const policies = new PolicyEnforcement(datapath.policyMaps())
  const reconciler = new Reconciler({
    node: 'n1',
    wire: 'eth0',
    decided: { encryptL3: undefined, strict: undefined },
    rekeyAfter: undefined,
    withoutEsp: 'end',
    store: cluster.open(),
    journal: new JournalFile(directory, 'n1'),
    xfrm,
    route,
    datapath,
    policies,
    pods: new LocalPods(route, datapath, policies),
    log: () => {},
  })
  return { datapath, reconciler }
}

/** What is in the kernel and since when: what is written again would be younger. */
function fingerprint(): string {
  const { states, policies } = readSecurity(xfrm)
  return JSON.stringify([
    states.map(({ destination, spi, added }) => `${destination} ${spi} ${added}`).sort(),
    policies.map((policy) => JSON.stringify(policy)).sort(),
    ownRoutes(route)
      .map((each) => JSON.stringify(each))
      .sort(),
  ])
}

let clock = 0
const later = (milliseconds: number) => {
  clock += milliseconds
  return clock
}
const { datapath, reconciler } = start(TimedDatapath)
const install = timed(() => reconciler.pass(clock, true))
const addresses_ms = datapath.milliseconds
const calls_ms = calls.milliseconds
const present = readSecurity(xfrm)
const routes = ownRoutes(route)
writeFileSync(process.argv[3]!, commandsOf(present.states, present.policies, routes))

const changes = { join: [] as number[], leave: [] as number[] }
for (let round = 0; round < rounds; round++) {
  join(cluster, nodes + 1)
  changes.join.push(timed(() => reconciler.pass(later(1), false)))
  leave(cluster, nodes + 1)
  changes.leave.push(timed(() => reconciler.pass(later(2000), false)))
}
const nothing = median(Array.from({ length: rounds }, () => timed(() => reconciler.pass(later(2000), false))))
const thorough = timed(() => reconciler.pass(later(2000), true))

const before = fingerprint()
const successor = start(TimedDatapath)
const restart = timed(() => successor.reconciler.pass(0, true))
if (fingerprint() !== before) throw new Error('an agent that starts again has written what was there')

// Apart from what is timed: to keep them all takes memory, and the time to collect its garbage.
const recorder = start(RecordingDatapath)
recorder.reconciler.pass(0, true)
const bare_addresses_ms = bareMap(recorder.datapath.entries, cluster.pods.size)

const result = {
  nodes,
  associations: present.states.length,
  policies: present.policies.length,
  routes: routes.length,
  addresses: cluster.pods.size + 2 * nodes + 1,
  install,
  calls_ms,
  addresses_ms,
  bare_addresses_ms,
  join: median(changes.join.slice(warmUp)),
  leave: median(changes.leave.slice(warmUp)),
  nothing,
  thorough,
  restart,
  restart_addresses_ms: successor.datapath.milliseconds,
}
export type Result = typeof result
process.stdout.write(`${JSON.stringify(result)}\n`)
rmSync(directory, { recursive: true })
process.exit()
