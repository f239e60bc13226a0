/**
 * What our agents cost traffic between pods: the same two nodes with a pod each, once through our agents, once through
 * bare `ip xfrm` ESP of the same suite, once without encryption, and once more through our agents with a monitor
 * listening; taking turns in one kernel. Every arm's bytes must arrive as they were sent, and every frame that crossed
 * the wire must be an ESP packet that an association counted, or none where there is no encryption.
 *
 *     node bench/datapath.ts [--kernel uml|qemu|qemu:6.1|host] [--rounds <rounds>] [--seconds <seconds of each run>]
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { requirePrograms } from './requirements.ts'

const { values } = parseArgs({
  options: {
    kernel: { type: 'string', default: 'auto' },
    rounds: { type: 'string', default: '21' },
    seconds: { type: 'string', default: '0.2' },
  },
})
requirePrograms(['cc', 'clang', 'tcpdump'])
const root = fileURLToPath(new URL('..', import.meta.url))
const source = join(root, 'bench/datapath/traffic.c')
const directory = mkdtempSync(join(tmpdir(), 'wireproof-bench-'))
try {
  // The guest runs as nobody of this machine.
  chmodSync(directory, 0o755)
  const program = join(directory, 'traffic')
  execFileSync('cc', ['-O2', '-Wall', '-o', program, source], { stdio: 'inherit' })
  execFileSync('make', ['-s', '-C', join(root, 'bpf')], { stdio: 'inherit' })
  const kernel = [join(root, 'lab/vm/run.ts'), '--kernel', values.kernel, '--visible', directory]
  const inside = [join(root, 'bench/datapath/inside.ts'), program, values.rounds, values.seconds]
  const argv = [...kernel, '--', process.execPath, ...inside]
  process.exitCode = spawnSync(process.execPath, argv, { stdio: 'inherit' }).status ?? 4
} finally {
  rmSync(directory, { recursive: true })
}
