/**
 * One real agent on a real kernel, in the network namespace it is started in, with a cluster in memory. Prints one JSON
 * object.
 *
 *     node bench/scale/ours.ts <nodes> <file for the same state as commands of ip>
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { openRoute, openXfrm } from '@wireproof/netlink'
import { JournalFile } from '../../agent/cluster/journal.ts'
import { Datapath } from '../../agent/kernel/datapath.ts'
import { LocalPods } from '../../agent/kernel/pods.ts'
import { ownRoutes } from '../../agent/kernel/routes.ts'
import { readSecurity } from '../../agent/kernel/xfrm.ts'
import { PolicyEnforcement } from '../../agent/policy/enforcement.ts'
import { Reconciler } from '../../agent/reconciler.ts'
import { median } from '../timing.ts'
import { join, largeCluster, leave } from './cluster.ts'
import { commandsOf } from './commands.ts'

const nodes = Number(process.argv[2])
const directory = mkdtempSync(joinPath(tmpdir(), 'wireproof-scale-'))
const xfrm = openXfrm()
const route = openRoute()
xfrm.setHashThresholds({ ipv4: [0, 16] })
const cluster = largeCluster(nodes)

function start() {
  const datapath = new Datapath({ wire: route.link('eth0').index, pods: [] })
  const policies = new PolicyEnforcement(datapath.policyMaps())
  const reconciler = new Reconciler({
    node: 'n1',
    wire: 'eth0',
    decided: { encryptL3: undefined, strict: undefined },
    rekeyAfter: undefined,
    store: cluster.open(),
    journal: new JournalFile(directory, 'n1'),
    xfrm,
    route,
    datapath,
    policies,
    pods: new LocalPods(route, datapath, policies),
    log: () => {},
  })
  return reconciler
}

function timed(action: () => void): number {
  const from = performance.now()
  action()
  return performance.now() - from
}

let clock = 0
const later = (milliseconds: number) => {
  clock += milliseconds
  return clock
}
const reconciler = start()
const install = timed(() => reconciler.pass(clock, true))
const present = readSecurity(xfrm)
const routes = ownRoutes(route)
writeFileSync(process.argv[3]!, commandsOf(present.states, present.policies, routes))

const changes = { join: [] as number[], leave: [] as number[] }
for (let round = 0; round < 25; round++) {
  join(cluster, nodes + 1)
  changes.join.push(timed(() => reconciler.pass(later(1), false)))
  leave(cluster, nodes + 1)
  changes.leave.push(timed(() => reconciler.pass(later(2000), false)))
}
const nothing = timed(() => reconciler.pass(later(5000), false))
const thorough = timed(() => reconciler.pass(later(5000), true))

const successor = start()
const restart = timed(() => successor.pass(0, true))
const after = readSecurity(xfrm)
const names = ({ states, policies }: typeof after) =>
  JSON.stringify([
    states.map(({ destination, spi, added }) => `${destination} ${spi} ${added}`).sort(),
    policies.map((policy) => JSON.stringify(policy)).sort(),
  ])
const settledBefore = names(readSecurity(xfrm))
await delay(10)
successor.pass(5000, true)

globalThis.gc?.()
process.stdout.write(
  `${JSON.stringify({
    nodes,
    associations: present.states.length,
    policies: present.policies.length,
    routes: routes.length,
    addresses: cluster.pods.size + 2 * nodes,
    install,
    join: median(changes.join.slice(5)),
    leave: median(changes.leave.slice(5)),
    nothing,
    thorough,
    restart,
    unchanged: names(readSecurity(xfrm)) === settledBefore,
    rss: process.memoryUsage().rss / 2 ** 20,
  })}\n`,
)
rmSync(directory, { recursive: true })
process.exit()
