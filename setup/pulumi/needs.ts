import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseDocument } from 'yaml'
import type { Directories } from './directories.ts'
import { selectedStack } from './stack.ts'

/** What a command needs beside the CLI. */
export interface Needs {
  /** Pulumi's plugin for Kubernetes. */
  readonly kubernetes: boolean
  /** That for a cloud. */
  readonly cloud?: 'aws' | 'gcp'
}

/** By the cluster that a stack stands up. */
const clouds: ReadonlyMap<string | undefined, 'aws' | 'gcp'> = new Map([
  ['eks', 'aws'],
  ['gke', 'gcp'],
])

/** Commands that run the program, or ask providers about what it declared. */
const operations = ['up', 'update', 'preview', 'pre', 'refresh', 'destroy', 'down', 'watch', 'import']

/** Tells what a command needs from the stack that it is about, and from that stack's configuration. */
export function needsOf(
  argv: readonly string[],
  places: { readonly root: string; readonly env: NodeJS.ProcessEnv; readonly places: Directories },
): Needs {
  if (!argv.some((word) => operations.includes(word))) return { kubernetes: false }
  const cluster = clusterOf(configFile(argv, places))
  const cloud = clouds.get(cluster)
  return { kubernetes: cluster !== undefined && cluster !== 'embedded', ...(cloud && { cloud }) }
}

function configFile(
  argv: readonly string[],
  {
    root,
    env,
    places,
  }: { readonly root: string; readonly env: NodeJS.ProcessEnv; readonly places: Directories },
): string | undefined {
  const named = optionIn(argv, '--config-file')
  if (named !== undefined) return named
  const backend = env.PULUMI_BACKEND_URL
  const stack =
    optionIn(argv, '--stack') ??
    optionIn(argv, '-s') ??
    env.PULUMI_STACK ??
    (backend && selectedStack(root, env.PULUMI_HOME ?? places.home, backend))
  return stack && join(root, `Pulumi.${stack.split('/').at(-1)}.yaml`)
}

function optionIn(argv: readonly string[], option: string): string | undefined {
  const joined = argv.find((word) => word.startsWith(`${option}=`))
  if (joined !== undefined) return joined.slice(option.length + 1)
  const at = argv.indexOf(option)
  return at === -1 ? undefined : argv[at + 1]
}

/** What `wireproof:cluster` is in a stack file. What is wrong with such a file Pulumi itself says. */
function clusterOf(file: string | undefined): string | undefined {
  if (file === undefined || !existsSync(file)) return undefined
  const document = parseDocument(readFileSync(file, 'utf8'))
  if (document.errors.length > 0) return undefined
  const cluster = (document.toJS() as StackFile | null)?.config?.['wireproof:cluster']
  return typeof cluster === 'string' ? cluster : undefined
}

interface StackFile {
  readonly config?: Readonly<Record<string, unknown>> | null
}
