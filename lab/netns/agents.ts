import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type AgentClient, connectAgent } from '../../agent/client.ts'
import type { AgentVersion } from '../lab.ts'
import { commandLine, processesIn, spawnIn } from '../namespaces/process.ts'
import { Problem } from '../problem.ts'
import {
  agentLog,
  agentSocket,
  clusterDirectory,
  hubbleSocket,
  namespacePath,
  nodeNamespace,
  wireDevice,
} from './layout.ts'

const agentProgram = fileURLToPath(new URL('../../agent/main.ts', import.meta.url))
/** Built from the same sources, with other maps. */
const nextDatapath = fileURLToPath(new URL('../../bpf/datapath.next.o', import.meta.url))
/** Emulated processors are slow, and an agent that has ended is noticed at once. */
const startDeadlineMs = 180_000

/**
 * Starts a node's agent in its namespace, on its own: it outlives the command that started it. Resolves once the agent
 * answers.
 */
export async function startAgent(lab: string, node: string, version: AgentVersion = 'this'): Promise<void> {
  const log = agentLog(lab, node)
  const socket = agentSocket(lab, node)
  mkdirSync(dirname(log), { recursive: true, mode: 0o700 })
  rmSync(socket, { force: true })
  const output = openSync(log, 'a', 0o600)
  const argv = [process.execPath, agentProgram, '--node', node, '--cluster', clusterDirectory(lab)]
  argv.push('--socket', socket, '--wire', wireDevice)
  // Costs a socket: what serves it is loaded when somebody asks.
  argv.push('--hubble', hubbleSocket(lab, node))
  if (version === 'next') argv.push('--datapath', nextDatapath)
  const child = spawnIn(namespacePath(nodeNamespace(lab, node)), argv, {
    detached: true,
    stdio: ['ignore', output, output],
  })
  closeSync(output)
  let ended = false
  child.once('exit', () => {
    ended = true
  })
  child.unref()
  const deadline = Date.now() + startDeadlineMs
  while (!existsSync(socket)) {
    if (ended || Date.now() > deadline) throw notStarted(lab, node, log)
    await sleep(20)
  }
}

function notStarted(lab: string, node: string, log: string): Problem {
  const [last] = readFileSync(log, 'utf8').trim().split('\n').slice(-1)
  const remedy = `Its log: wireproof logs ${node} --lab ${lab}`
  return new Problem('EAGENT', 4, `the agent of ${node} did not start: ${last ?? 'it said nothing'}`, remedy)
}

export function agentOf(lab: string, node: string): AgentClient {
  return connectAgent(agentSocket(lab, node))
}

/** The process id of a node's agent: the process in the node's namespace that runs our program. */
export function agentProcess(lab: string, node: string): number | undefined {
  const inode = statSync(namespacePath(nodeNamespace(lab, node)), { throwIfNoEntry: false })?.ino
  if (inode === undefined) return undefined
  return processesIn(new Set([inode])).find((pid) => commandLine(pid).includes(agentProgram))
}
