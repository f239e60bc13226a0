import { createHash } from 'node:crypto'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Problem } from '../../lab/problem.ts'
import type { Directories } from './directories.ts'
import { run } from './run.ts'

export const project = 'wireproof'
const defaultStack = 'embedded'

/**
 * Makes the stack `embedded` and selects it, unless a stack is selected in this checkout already. `pulumi up` is then
 * the only command that one has to know.
 */
export async function selectDefaultStack(
  program: string,
  root: string,
  env: NodeJS.ProcessEnv,
  places: Directories,
): Promise<void> {
  const ownState =
    env.PULUMI_HOME === places.home && env.PULUMI_BACKEND_URL === pathToFileURL(places.state).href
  if (env.PULUMI_STACK || !ownState) return
  const selected = selectedStack(root, places.home, env.PULUMI_BACKEND_URL!)
  const isDefault = selected === undefined || selected.endsWith(`/${defaultStack}`)
  if (!isDefault || (selected && existsSync(stateFile(places, defaultStack)))) return
  const argv = ['stack', 'select', defaultStack, '--create', '--non-interactive']
  const { code, stderr } = await run(program, argv, { cwd: root, env })
  if (code !== 0)
    throw new Problem(
      'ESTACK',
      4,
      `the stack ${defaultStack} could not be made: ${stderr.trim()}`,
      `Is there room in ${places.state}?`,
    )
}

function stateFile(places: Directories, stack: string): string {
  return join(places.state, '.pulumi', 'stacks', project, `${stack}.json`)
}

/** What `pulumi stack select` last chose in this checkout; Pulumi keeps it under a hash of the project file's path. */
export function selectedStack(root: string, home: string, backend: string): string | undefined {
  const path = join(realpathSync(root), 'Pulumi.yaml')
  const hash = createHash('sha1').update(path).digest('hex')
  const file = join(home, 'workspaces', `${project}-${hash}-workspace.json`)
  if (!existsSync(file)) return undefined
  const { stacks } = JSON.parse(readFileSync(file, 'utf8')) as { stacks?: Record<string, string> }
  return stacks?.[backend]
}
