/**
 * `npm run test:kubernetes`: tests with upstream's own programs, and in a cluster of kind. Ends with 3 where it had to leave
 * some out, and says why.
 */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { assertCanBuildNode } from '../../images/node/requirements.ts'
import type { Problem } from '../../lab/problem.ts'
import { missingPrograms } from './api-server.ts'

const directory = fileURLToPath(new URL('.', import.meta.url))

/** What a file needs that a machine may not have; undefined where it is there. */
const obstacles: Readonly<Record<string, () => Promise<string | undefined>>> = {
  'mirror.test-kubernetes.ts': async () => lacking(missingPrograms()),
  'cluster.test-kubernetes.ts': whyNoCluster,
  'demo.test-kubernetes.ts': whyNoCluster,
  'stacks.test-kubernetes.ts': whyNoCluster,
}

function lacking(programs: readonly string[]): string | undefined {
  if (programs.length === 0) return undefined
  return `${programs.join(', ')} cannot be found. Put Kubernetes 1.33 or later and etcd on PATH.`
}

async function whyNoCluster(): Promise<string | undefined> {
  return lacking(missingPrograms().filter((program) => program === 'kubectl')) ?? (await whyNoNodeImage())
}

async function whyNoNodeImage(): Promise<string | undefined> {
  try {
    await assertCanBuildNode()
    return undefined
  } catch (error) {
    const { message, remedy } = error as Problem
    return `${message}. ${remedy ?? ''}`
  }
}

const found = globSync('*.test-kubernetes.ts', { cwd: directory }).sort()
const leftOut = new Map<string, string>()
for (const file of found) {
  const obstacle = await obstacles[file]?.()
  if (obstacle !== undefined) leftOut.set(file, obstacle)
}
const files = found.filter((file) => !leftOut.has(file))
const argv = ['--test', '--test-concurrency=1', '--test-reporter=spec', ...process.argv.slice(2), ...files]
const { status } = spawnSync(process.execPath, argv, { cwd: directory, stdio: 'inherit' })
for (const [file, why] of leftOut) process.stderr.write(`left out: ${file}: ${why}\n`)
process.exitCode = status !== 0 ? (status ?? 1) : leftOut.size > 0 ? 3 : 0
