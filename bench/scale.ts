/**
 * An agent of a large cluster: what agents say to each other when a node joins (simulated), and what one real agent does to
 * one real kernel for thousands of peers, against `ip -batch` putting the same associations, policies and routes there.
 *
 *     node bench/scale.ts [--kernel uml|qemu|qemu:6.1|host] [--nodes <nodes>] [--rounds <rounds>]
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    kernel: { type: 'string', default: 'auto' },
    nodes: { type: 'string', default: '5000' },
    rounds: { type: 'string', default: '3' },
  },
})
const file = (name: string) => fileURLToPath(new URL(name, import.meta.url))

await import('./scale/control-plane.ts')
console.log()
const argv = [file('../lab/vm/run.ts'), '--kernel', values.kernel, '--', process.execPath]
const inside = [file('scale/inside.ts'), values.nodes, values.rounds]
process.exitCode = spawnSync(process.execPath, [...argv, ...inside], { stdio: 'inherit' }).status ?? 4
