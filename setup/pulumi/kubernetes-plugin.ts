import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Problem } from '../../lab/problem.ts'
import { buildProgram, findGo } from './build.ts'
import { install, isIntact } from './cache.ts'
import type { Directories } from './directories.ts'
import type { Cli } from './find.ts'
import {
  answers,
  installOfficial,
  isInstalled,
  type OfficialPlugin,
  placeOf,
  programOf,
  releaseOf,
} from './official-plugin.ts'
import { run } from './run.ts'

/** The version of the plugin that stacks on Kubernetes name, downloaded or built. */
export const kubernetesPluginVersion = '4.25.0'

const plugin: OfficialPlugin = { name: 'kubernetes', version: kubernetesPluginVersion }
const program = programOf(plugin)
const wrapper = fileURLToPath(new URL('go/kubernetes', import.meta.url))
const goModule = 'github.com/pulumi/pulumi-kubernetes/provider/v4'

/** On two cores with empty caches of Go; told to the user before it starts. */
const expectedBuild = { minutes: 10, gigabytes: 5 }

export interface PluginOptions {
  readonly report: (line: string) => void
  readonly signal?: AbortSignal
  /** Where the official plugin is; tests have an address of their own. */
  readonly from?: string
}

/**
 * Sees to it that Pulumi finds the plugin for Kubernetes: the one that is installed already, else the official one, which
 * the CLI installs itself, else one built from Go modules in this user's cache.
 *
 * @param env the environment that Pulumi will run in.
 * @throws Problem where it has to be built and cannot be.
 */
export async function ensureKubernetesPlugin(
  cli: Cli,
  places: Directories,
  env: NodeJS.ProcessEnv,
  { report, signal, from = releaseOf(plugin) }: PluginOptions,
): Promise<void> {
  const home = env.PULUMI_HOME ?? places.home
  if (isInstalled(plugin, home)) return
  const installed = placeOf(plugin, home)
  const built = join(places.cache, `kubernetes-${kubernetesPluginVersion}-${process.arch}-${buildDigest()}`)
  if (!(await isIntact(built, [program]))) {
    if (await answers(from, signal)) return await installOfficial(plugin, cli, env, signal)
    signal?.throwIfAborted()
    report('the official plugin for Kubernetes cannot be had: its server does not answer')
    await install(built, (partial) => build(partial, report, signal), [program])
  }
  await mkdir(dirname(installed), { recursive: true })
  await rm(installed, { force: true })
  await symlink(join(built, program), installed)
}

/** Changes whenever another version or another dependency would be built. */
function buildDigest(): string {
  const hash = createHash('sha256')
  for (const file of ['go.mod', 'go.sum', 'main.go']) hash.update(readFileSync(join(wrapper, file)))
  return hash.digest('hex').slice(0, 12)
}

async function build(directory: string, report: (line: string) => void, signal?: AbortSignal): Promise<void> {
  const go = await findGo(
    'Pulumi’s plugin for Kubernetes has to be built here',
    `Install it (pulumi plugin install resource kubernetes ${kubernetesPluginVersion})`,
  )
  report(
    `building Pulumi’s plugin for Kubernetes from its Go module: about ${expectedBuild.minutes} minutes on two ` +
      `cores and ${expectedBuild.gigabytes} GB in Go’s caches, once`,
  )
  const started = Date.now()
  const source = await moduleDirectory(go, signal)
  const schema = join(directory, 'schema.json')
  const overlay = join(directory, 'overlay.json')
  const upstream = (file: string) => join(source, 'cmd', program, file)
  const versioned = {
    ...JSON.parse(await readFile(upstream('schema.json'), 'utf8')),
    version: kubernetesPluginVersion,
  }
  await writeFile(schema, JSON.stringify(versioned))
  const Replace = {
    [join(wrapper, 'schema.json')]: schema,
    [join(wrapper, 'terraform-mapping.json')]: upstream('terraform-mapping.json'),
  }
  await writeFile(overlay, JSON.stringify({ Replace }))
  const stamp = `${goModule}/pkg/version.Version=${kubernetesPluginVersion}`
  const remedy = 'Install it on another machine, and copy it to Pulumi’s plugin directory here'
  await buildProgram(go, { name: program, wrapper, package: '.', stamp, overlay, remedy }, directory, signal)
  for (const file of [schema, overlay]) await rm(file)
  report(`built ${program} in ${Math.round((Date.now() - started) / 1000)} s`)
}

/** Where Go has the module's files; it compares them with the hash in go.sum. */
async function moduleDirectory(go: string, signal?: AbortSignal): Promise<string> {
  const env = { GOTOOLCHAIN: 'auto', ...process.env, GOFLAGS: '', GOWORK: 'off' }
  const argv = ['mod', 'download', '-json', goModule]
  const { code, stdout, stderr } = await run(go, argv, { cwd: wrapper, env, ...(signal && { signal }) })
  if (code === 0) return (JSON.parse(stdout) as { Dir: string }).Dir
  throw new Problem('EBUILD', 4, `Go cannot fetch ${goModule}: ${stderr.trim().split('\n').at(-1)}`)
}
