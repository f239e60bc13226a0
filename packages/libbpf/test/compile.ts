import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const source = fileURLToPath(new URL('count.bpf.c', import.meta.url))
const machine = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string] ?? process.arch

/** count.bpf.c, compiled by clang. */
export function compile(...flags: string[]): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'libbpf-test-'))
  try {
    const object = join(directory, 'count.o')
    const include = ['-idirafter', `/usr/include/${machine}-linux-gnu`]
    execFileSync('clang', [
      '-O2',
      '-g',
      '-target',
      'bpf',
      '-mcpu=v3',
      ...include,
      ...flags,
      '-c',
      source,
      '-o',
      object,
    ])
    return readFileSync(object)
  } finally {
    rmSync(directory, { recursive: true })
  }
}
