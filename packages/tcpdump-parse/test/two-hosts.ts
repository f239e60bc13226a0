import { execFile, execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** One of two network namespaces, for tests in a kernel that is theirs. */
export interface Host {
  readonly name: string
  /** As `ip -n` does. @returns what it printed. */
  ip(...words: string[]): string
  /** Runs a program in the namespace. @returns what it printed; rejects when it fails. */
  run(program: string, ...words: string[]): Promise<string>
  /** A tcpdump that runs in the namespace. */
  readonly tcpdump: string
}

/** Two hosts, `192.0.2.1` and `192.0.2.2`, `2001:db8::1` and `2001:db8::2`, with a device `wire` each between them. */
export function twoHosts(): Disposable & { readonly left: Host; readonly right: Host } {
  const directory = mkdtempSync(join(tmpdir(), 'tcpdump-parse-'))
  const label = randomBytes(4).toString('hex')
  const [left, right] = [1, 2].map((number) => host(`capture-test-${label}-${number}`, directory))
  left!.ip('link', 'add', 'wire', 'type', 'veth', 'peer', 'name', 'wire', 'netns', right!.name)
  for (const [index, { ip }] of [left!, right!].entries()) {
    ip('link', 'set', 'lo', 'up')
    ip('address', 'add', `192.0.2.${index + 1}/24`, 'dev', 'wire')
    ip('address', 'add', `2001:db8::${index + 1}/64`, 'dev', 'wire', 'nodad')
    ip('link', 'set', 'wire', 'up')
  }
  return {
    left: left!,
    right: right!,
    [Symbol.dispose]() {
      for (const { name } of [left!, right!]) execFileSync('ip', ['netns', 'delete', name])
      rmSync(directory, { recursive: true })
    },
  }
}

function host(name: string, directory: string): Host {
  execFileSync('ip', ['netns', 'add', name])
  const tcpdump = join(directory, `tcpdump-${name}`)
  writeFileSync(tcpdump, `#!/bin/sh\nexec ip netns exec ${name} tcpdump "$@"\n`)
  chmodSync(tcpdump, 0o755)
  return {
    name,
    tcpdump,
    ip: (...words) => execFileSync('ip', ['-n', name, ...words], { encoding: 'utf8', stdio: 'pipe' }),
    run: async (program, ...words) => (await run('ip', ['netns', 'exec', name, program, ...words])).stdout,
  }
}
