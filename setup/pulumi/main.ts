import { spawn } from 'node:child_process'
import { globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { complain } from '../../cli/complain.ts'
import { Problem } from '../../lab/problem.ts'
import { obtainCli } from './cli.ts'
import { ensureCloudPlugin } from './cloud-plugin.ts'
import { directories } from './directories.ts'
import { pulumiEnvironment } from './environment.ts'
import { ensureKubernetesPlugin } from './kubernetes-plugin.ts'
import { removeAbandonedLocks } from './locks.ts'
import { needsOf } from './needs.ts'
import { selectDefaultStack } from './stack.ts'
import { keepSaltOutOf } from './stack-file.ts'

/** `npm run pulumi -- <arguments>`: a CLI that the project brings itself, on this user's local state. */

const root = fileURLToPath(new URL('../..', import.meta.url))

async function main(argv: readonly string[]): Promise<number> {
  const interrupt = new AbortController()
  const onSignal = () => interrupt.abort(new Problem('EINTERRUPTED', 130, 'interrupted'))
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal)
  const report = (line: string) => process.stderr.write(`pulumi: ${line}\n`)
  const obtained = await obtainCli({ upTo: 'build', report, signal: interrupt.signal })
  if ('why' in obtained) throw new Problem('ENOPULUMI', 3, obtained.why)
  const { cli } = obtained
  const places = directories()
  const env = pulumiEnvironment(cli, places)
  const stackFiles = globSync('Pulumi.*.yaml', { cwd: root })
  const removeSalts = stackFiles.map((file) => keepSaltOutOf(join(root, file)))
  try {
    removeAbandonedLocks(places.state)
    await selectDefaultStack(cli.program, root, env, places)
    const needs = needsOf(argv, { root, env, places })
    const options = { report, signal: interrupt.signal }
    if (needs.cloud) await ensureCloudPlugin(needs.cloud, cli, places, env, options)
    if (needs.kubernetes) await ensureKubernetesPlugin(cli, places, env, options)
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
    if (!needs.kubernetes) return await pass(cli.program, argv, env)
    return await inScratch((TMPDIR) => pass(cli.program, argv, { ...env, TMPDIR }))
  } finally {
    for (const removeSalt of removeSalts) removeSalt()
  }
}

/** Pulumi's plugin for Kubernetes writes the credentials of clusters into temporary files and leaves them there. */
async function inScratch<Result>(action: (directory: string) => Promise<Result>): Promise<Result> {
  const directory = mkdtempSync(join(tmpdir(), 'wireproof-pulumi-'))
  try {
    return await action(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Hands terminal, input and output over, and waits for the end whatever signals come: Pulumi deals with them. */
function pass(program: string, argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, argv, { cwd: process.env.INIT_CWD ?? process.cwd(), env, stdio: 'inherit' })
    // The terminal sends its Ctrl-C to the whole process group, so the child has it already.
    process.on('SIGINT', () => {})
    process.on('SIGTERM', () => child.kill('SIGTERM'))
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 143)))
  })
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.exitCode = complain(error)
}
