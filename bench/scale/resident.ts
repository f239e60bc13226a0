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
import { nodeFlags } from '../../agent/node-flags.ts'
import { clusterKeyText, largeCluster } from './cluster.ts'

const program = fileURLToPath(new URL('../../agent/main.ts', import.meta.url))
/** Longer than a garbage collector waits before it gives back what it has freed, and shorter than a thorough pass. */
const restSeconds = Number(process.env.REST ?? 30)
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

function memoryOf(pid: number): { resident: number; highest: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  const mebibytes = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)![1]) / 1024
  return { resident: mebibytes('VmRSS'), highest: mebibytes('VmHWM') }
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

const directory = mkdtempSync(join(tmpdir(), 'wireproof-resident-'))
const store = join(directory, 'cluster')
mkdirSync(store)
writeStore(store, Number(process.argv[2]))
const socket = join(directory, 'socket')
const argv = [program, '--node', 'n1', '--cluster', store, '--socket', socket, '--wire', 'eth0']
const from = performance.now()
const agent = spawn(process.execPath, [...nodeFlags, ...argv], { stdio: ['ignore', 'inherit', 'ignore'] })
try {
  const pid = agent.pid!
  await ready(agent, socket)
  const start = performance.now() - from
  const busy = memoryOf(pid)
  await sleep(restSeconds * 1000)
  const before = timeOf(pid)
  await sleep(restSeconds * 1000)
  const idle = (timeOf(pid) - before) / restSeconds
  if (process.env.MAPS) {
    const by = new Map<string, number>()
    let name = ''
    for (const line of readFileSync(`/proc/${pid}/smaps`, 'latin1').split('\n')) {
      const m = /^[0-9a-f]+-[0-9a-f]+ (\S+) \S+ \S+ \S+\s*(.*)$/.exec(line)
      if (m) name = `${m[2]!.split('/').at(-1)} ${m[1]}`
      const r = /^Rss:\s+(\d+)/.exec(line)
      if (r) by.set(name, (by.get(name) ?? 0) + Number(r[1]) / 1024)
    }
    for (const [n, v] of [...by].sort((a, b) => b[1] - a[1]).slice(0, 14))
      console.log(v.toFixed(1).padStart(8), n)
  }
  const result = {
    start,
    busy: busy.resident,
    resident: memoryOf(pid).resident,
    highest: memoryOf(pid).highest,
    idle,
  }
  process.stdout.write(`${JSON.stringify(result)}\n`)
} finally {
  agent.kill('SIGKILL')
  rmSync(directory, { recursive: true })
}
