/**
 * How long it takes to install 10,000 XFRM policies in an empty network namespace: this project's netlink batches
 * against `ip -batch`, taking turns. After every run iproute2 lists what is there, and it must be the same set.
 * Needs root.
 *
 *     node bench/policies.ts [rounds]
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inNetworkNamespace } from '@wireproof/ffi'
import { createNamespace, deleteNamespace, openXfrm } from '@wireproof/netlink'
import { batchFile, POLICIES, policies } from './policies-set.ts'
import { median, table } from './timing.ts'

const rounds = Number(process.argv[2] ?? 7)
if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError('usage: node bench/policies.ts [rounds]')

const directory = mkdtempSync(join(tmpdir(), 'wireproof-bench-'))
try {
  const batch = join(directory, 'batch')
  writeFileSync(batch, batchFile())
  report(measure(contenders(batch)))
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException
  if (code !== 'EACCES' && code !== 'EPERM') throw error
  console.error(`${message}: this benchmark makes network namespaces, run it as root`)
  process.exitCode = 3
} finally {
  rmSync(directory, { recursive: true })
}

interface Contender {
  readonly name: string
  /** Called with the thread inside the namespace. @returns what to time, with everything prepared. */
  prepare(): () => void
}

function contenders(batch: string): Contender[] {
  const script = fileURLToPath(new URL('./policies-ours.ts', import.meta.url))
  return [
    {
      name: 'ip -batch',
      prepare: () => () => execFileSync('ip', ['-batch', batch]),
    },
    {
      name: 'this project, in a running process',
      prepare() {
        const xfrm = openXfrm()
        return () => {
          xfrm.addPolicies(policies)
          xfrm.close()
        }
      },
    },
    {
      name: "this project, Node's start included",
      prepare: () => () => execFileSync(process.execPath, [script]),
    },
  ]
}

/** @returns milliseconds of every round by contender. */
function measure(all: readonly Contender[]): Map<string, number[]> {
  const times = new Map(all.map(({ name }) => [name, [] as number[]]))
  let expected: string | undefined
  for (let round = 0; round < rounds; round++) {
    for (const { name, prepare } of all) {
      const { milliseconds, installed } = once(prepare)
      expected ??= installed
      if (installed !== expected)
        throw new Error(`${name} installed another set of policies than ${all[0]!.name}`)
      times.get(name)!.push(milliseconds)
    }
  }
  return times
}

function once(prepare: Contender['prepare']): { milliseconds: number; installed: string } {
  const name = `wireproof-bench-${process.pid}`
  const namespace = createNamespace(name)
  try {
    return inNetworkNamespace(namespace, () => {
      const install = prepare()
      const start = performance.now()
      install()
      return { milliseconds: performance.now() - start, installed: listed() }
    })
  } finally {
    deleteNamespace(name)
  }
}

/** Every policy as iproute2 prints it, in one order. */
function listed(): string {
  const text = execFileSync('ip', ['xfrm', 'policy'], { encoding: 'utf8', maxBuffer: 64 << 20 })
  const found = text.split(/^(?=src )/m)
  if (found.length !== POLICIES) throw new Error(`${found.length} policies are installed, not ${POLICIES}`)
  return found.sort().join('')
}

function report(times: ReadonlyMap<string, readonly number[]>): void {
  const reference = median(times.get('ip -batch')!)
  const rows = [...times].map(([name, values]) => [
    name,
    median(values).toFixed(1),
    `${Math.min(...values).toFixed(1)}-${Math.max(...values).toFixed(1)}`,
    values[0]!.toFixed(1),
    Math.round((POLICIES / median(values)) * 1000).toLocaleString('en'),
    (reference / median(values)).toFixed(2),
  ])
  console.log(
    `${POLICIES.toLocaleString('en')} XFRM policies into an empty namespace, ${rounds} rounds each, taking turns; ` +
      'the same set was found after every one\n',
  )
  console.log(table(['', 'median ms', 'spread ms', 'first ms', 'policies/s', 'times ip -batch'], rows))
}
