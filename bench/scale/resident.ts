/**
 * What an agent's process takes: the real one, started as labs start it, with a cluster store of so many nodes in files. In
 * the network namespace it is started in. Prints one JSON object.
 *
 *     node bench/scale/resident.ts <nodes>
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { clusterKeyText, largeCluster } from './cluster.ts'

const program = fileURLToPath(new URL('../../agent/main.ts', import.meta.url))
/** Twice as long is shorter than the minute after which everything is looked at again. */
const restSeconds = 15
const ticksPerSecond = 100

/** As it would be after every other agent had said that it receives and sends. */
function writeStore(directory: string, nodes: number): void {
  const cluster = largeCluster(nodes)
  const write = (name: string, content: string) => writeFileSync(join(directory, name), content)
  const kinds = {
    nodes: cluster.nodes,
    pods: cluster.pods,
    incarnations: cluster.lives,
    acks: cluster.announcements,
  }
  for (const [kind, objects] of Object.entries(kinds)) {
    mkdirSync(join(directory, kind))
    for (const [name, object] of objects) write(`${kind}/${name}.json`, JSON.stringify(object))
  }
  write('config.json', JSON.stringify(cluster.settings))
  write('key', clusterKeyText)
  write('revision', `${cluster.revision}\n`)
}

function memoryOf(pid: number): Pick<Resident, 'resident' | 'highest' | 'mapped'> {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  const mebibytes = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)![1]) / 1024
  return {
    resident: mebibytes('VmRSS'),
    highest: mebibytes('VmHWM'),
    mapped: mebibytes('RssFile') + mebibytes('RssShmem'),
  }
}

/** Of one processor, in milliseconds. */
function timeOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ')
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1000
}

async function ready(agent: ChildProcess, socket: string): Promise<void> {
  while (!existsSync(socket)) {
    if (agent.exitCode !== null) throw new Error('the agent has ended')
    await sleep(50)
  }
}

interface Resident {
  /** Milliseconds until the agent answers. */
  readonly start: number
  /** MiB, a while after it has come to rest, and the most that it ever had. */
  readonly resident: number
  readonly highest: number
  /** Of what is resident, what is a file or the kernel's and only mapped. */
  readonly mapped: number
  /** Milliseconds of a processor in a second in which nothing happens; every minute everything is looked at again besides. */
  readonly idle: number
}

/** Twice started on the same state: the first time Node has compiled nothing yet. */
export interface Residence {
  readonly first: Resident
  readonly again: Resident
}

async function measure(store: string, socket: string): Promise<Resident> {
  const argv = [program, '--node', 'n1', '--cluster', store, '--socket', socket, '--wire', 'eth0']
  const from = performance.now()
  const agent = spawn(process.execPath, argv, { stdio: ['ignore', 'ignore', 'inherit'] })
  try {
    const pid = agent.pid!
    await ready(agent, socket)
    const start = performance.now() - from
    await sleep(restSeconds * 1000)
    const before = timeOf(pid)
    await sleep(restSeconds * 1000)
    const idle = (timeOf(pid) - before) / restSeconds
    return { start, ...memoryOf(pid), idle }
  } finally {
    agent.kill('SIGKILL')
    rmSync(socket)
  }
}

const directory = mkdtempSync(join(tmpdir(), 'wireproof-resident-'))
try {
  // As labs do it: what Node compiled once it finds there again.
  process.env.NODE_COMPILE_CACHE = join(directory, 'compiled')
  const [store, socket] = [join(directory, 'cluster'), join(directory, 'socket')]
  mkdirSync(store)
  writeStore(store, Number(process.argv[2]))
  const residence: Residence = {
    first: await measure(store, socket),
    again: await measure(store, socket),
  }
  process.stdout.write(`${JSON.stringify(residence)}\n`)
} finally {
  rmSync(directory, { recursive: true })
}
