import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exitOf, spawnIn } from '../namespaces/process.ts'
import { Problem } from '../problem.ts'
import { hubbleSocket, namespacePath, runDirectory } from './layout.ts'
import type { NetnsLab } from './netns-lab.ts'

/**
 * Runs a command in a node or pod with our own streams, as a person at a prompt wants it: names of pods and services
 * resolve. Interrupts from the terminal reach the command by themselves, since it shares our process group.
 */
export async function runAttached(
  lab: NetnsLab,
  target: string,
  command: readonly string[],
  stdout?: NodeJS.WritableStream,
): Promise<number> {
  const hosts = join(runDirectory(lab.name), 'hosts')
  writeFileSync(hosts, hostsFile(lab))
  const withNames = [
    'unshare',
    '--mount',
    'sh',
    '-c',
    'mount --bind "$1" /etc/hosts && shift && exec "$@"',
    'wireproof',
    hosts,
    ...command,
  ]
  const child = spawnIn(namespacePath(lab.namespaceOf(target)), withNames, {
    stdio: ['inherit', stdout ? 'pipe' : 'inherit', 'inherit'],
    env: { ...process.env, WIREPROOF_LAB: lab.name, PS1: `${target}# `, ...hubbleServer(lab, target) },
  })
  if (stdout) child.stdout?.pipe(stdout)
  const ignore = () => {}
  process.on('SIGINT', ignore)
  try {
    return await exitOf(child)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new Problem('ECOMMAND', 2, `${command[0]} is not installed on this machine`)
  } finally {
    process.off('SIGINT', ignore)
  }
}

/** In a node, the `hubble` command asks the node's agent, where the user has not said otherwise. */
function hubbleServer(lab: NetnsLab, target: string): NodeJS.ProcessEnv {
  const isNode = lab.store.nodes().some(({ name }) => name === target)
  if (!isNode || process.env.HUBBLE_SERVER) return {}
  return { HUBBLE_SERVER: `unix://${hubbleSocket(lab.name, target)}` }
}

/** Pods by name, and services as the addresses of the pods they select. */
export function hostsFile(lab: Pick<NetnsLab, 'store'>): string {
  const pods = lab.store.pods()
  const linesOf = (addresses: readonly string[], name: string) =>
    addresses.map((address) => `${address} ${name}`)
  const lines = pods.flatMap((pod) => linesOf(pod.addresses, pod.name))
  for (const service of lab.store.services()) {
    const labels = Object.entries(service.selector)
    const selected = pods.filter((pod) => labels.every(([key, value]) => pod.labels[key] === value))
    lines.push(...selected.flatMap((pod) => linesOf(pod.addresses, service.name)))
  }
  return `127.0.0.1 localhost\n::1 localhost\n${lines.join('\n')}\n`
}
