/** The part of bench/scale.ts that needs a kernel with ESP: `node bench/scale/inside.ts <nodes> <rounds>`, as root. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inNetworkNamespace } from '@wireproof/ffi'
import { createNamespace, deleteNamespace, openRoute, openXfrm } from '@wireproof/netlink'
import { ownRoutes } from '../../agent/kernel/routes.ts'
import { readSecurity } from '../../agent/kernel/xfrm.ts'
import { median, table } from '../timing.ts'
import { type Installed, installBare } from './bare.ts'
import type { Result } from './ours.ts'
import type { Residence } from './resident.ts'

const [large, rounds] = process.argv.slice(2).map(Number) as [number, number]
const small = 50
const directory = mkdtempSync(join(tmpdir(), 'wireproof-scale-'))
const ours = fileURLToPath(new URL('ours.ts', import.meta.url))
const resident = fileURLToPath(new URL('resident.ts', import.meta.url))

/** In a namespace of its own with one device, as a node has. */
function onNode<Result>(action: () => Result): Result {
  const name = `wireproof-scale-${process.pid}`
  const namespace = createNamespace(name)
  try {
    return inNetworkNamespace(namespace, () => {
      {
        using route = openRoute()
        route.addVeth({ name: 'eth0', peer: { name: 'far' } })
        route.addAddress('eth0', '192.168.0.1/16')
        for (const device of ['eth0', 'far']) route.setLink(device, { up: true })
      }
      return action()
    })
  } finally {
    deleteNamespace(name)
  }
}

function runOurs(nodes: number, commands: string): Result {
  const argv = [ours, `${nodes}`, commands]
  return JSON.parse(execFileSync(process.execPath, argv, { encoding: 'utf8' }))
}

/** The agent as it is started, not only what decides in it. */
function runResident(nodes: number): Residence {
  return JSON.parse(execFileSync(process.execPath, [resident, `${nodes}`], { encoding: 'utf8' }))
}

/** @throws Error when it put anything else there. */
function runIp(commands: string, result: Result): { milliseconds: number; installed: Installed } {
  const start = performance.now()
  execFileSync('ip', ['-batch', commands], { stdio: ['ignore', 'ignore', 'inherit'] })
  const milliseconds = performance.now() - start
  return { milliseconds, installed: expectSame('ip -batch', result) }
}

/** The same state once more. */
function runBare(installed: Installed, result: Result): number {
  const milliseconds = installBare(installed)
  expectSame('the kernel alone', result)
  return milliseconds
}

function expectSame(who: string, { associations, policies, routes }: Result): Installed {
  using xfrm = openXfrm()
  using route = openRoute()
  const installed = { ...readSecurity(xfrm), routes: ownRoutes(route) }
  const found = [installed.states.length, installed.policies.length, installed.routes.length]
  if (found.join() !== [associations, policies, routes].join())
    throw new Error(`${who} came to ${found.join()}, we to ${associations},${policies},${routes}`)
  return installed
}

const results: { small: Result; large: Result; ip: number; bare: number }[] = []
try {
  for (let round = 0; round < rounds; round++) {
    const commands = join(directory, 'commands')
    const few = onNode(() => runOurs(small, commands))
    const many = onNode(() => runOurs(large, commands))
    const ip = onNode(() => runIp(commands, many))
    const bare = onNode(() => runBare(ip.installed, many))
    results.push({ small: few, large: many, ip: ip.milliseconds, bare })
  }
} finally {
  rmSync(directory, { recursive: true })
}

const of = (pick: (result: (typeof results)[number]) => number) => median(results.map(pick))
const ms = (value: number) => (value < 10 ? value.toFixed(1) : value.toFixed(0))
const state = results[0]!.large
const size = (value: number) => value.toLocaleString('en')
console.log(
  `${size(state.associations)} associations, ${size(state.policies)} policies, ${size(state.routes)} routes for ${size(large)} nodes; ` +
    `${size(state.addresses)} addresses in the datapath's map; medians of ${rounds} rounds, taking turns\n`,
)
const row = (what: string, pick: (result: Result) => number) => [
  what,
  ms(of(({ small }) => pick(small))),
  ms(of(({ large }) => pick(large))),
]
console.log(
  table(
    ['milliseconds', `${small} nodes`, `${size(large)} nodes`],
    [
      row('first pass, but for the map', (result) => result.install - result.addresses_ms),
      row('of which laying out and sending what it decided', ({ calls_ms }) => calls_ms),
      ['the kernel alone, for the same state', '', ms(of(({ bare }) => bare))],
      ['ip -batch, for the same state', '', ms(of(({ ip }) => ip))],
      row('the map of addresses', ({ addresses_ms }) => addresses_ms),
      row('the kernel alone, for the same map', ({ bare_addresses_ms }) => bare_addresses_ms),
      row('a node joins, with 20 pods', ({ join }) => join),
      row('a node leaves, with 20 pods', ({ leave }) => leave),
      row('nothing has changed', ({ nothing }) => nothing),
      row('everything is looked at again', ({ thorough }) => thorough),
      row('an agent starts again, but for the map', (result) => result.restart - result.restart_addresses_ms),
    ],
  ),
)
const against = (pick: (result: (typeof results)[number]) => number) =>
  of((result) => result.ip / pick(result)).toFixed(2)
console.log(
  `\ntimes as fast as ip -batch: the first pass ${against(({ large }) => large.install - large.addresses_ms)}, ` +
    `laying out and sending ${against(({ large }) => large.calls_ms)}, the kernel alone ${against(({ bare }) => bare)}`,
)

const processes = [small, large].map((nodes) => onNode(() => runResident(nodes)))
const mebibytes = (what: string, pick: (residence: Residence) => number) => [
  what,
  ...processes.map((each) => ms(pick(each))),
]
console.log()
console.log(
  table(
    ["an agent's process, its store in files", `${small} nodes`, `${size(large)} nodes`],
    [
      mebibytes('MiB resident, at rest', ({ again }) => again.resident),
      mebibytes("  of it Node's program and the datapath's ring", ({ again }) => again.mapped),
      mebibytes('MiB resident, at most', ({ again }) => again.highest),
      mebibytes('MiB resident at rest, where Node had to strip types', ({ first }) => first.resident),
      mebibytes(
        'milliseconds of a processor in a second in which nothing happens',
        ({ again }) => again.idle,
      ),
    ],
  ),
)
