import { existsSync } from 'node:fs'
import { Problem } from '../../lab/problem.ts'
import { which } from '../../setup/pulumi/find.ts'
import { run } from '../../setup/pulumi/run.ts'

/** What the node image is made with, and the Debian package that brings it. */
const tools = [
  { program: 'debootstrap', package: 'debootstrap' },
  { program: 'gcc', package: 'gcc' },
  { program: 'tar', package: 'tar' },
  { program: 'docker', package: 'docker.io' },
] as const

/**
 * Says at once all that is missing.
 *
 * @throws Problem (3) where this machine cannot make a node image.
 */
export async function assertCanBuildNode(): Promise<void> {
  const missing: string[] = tools
    .filter(({ program }) => which(program) === undefined)
    .map((tool) => tool.package)
  if (!existsSync('/usr/include/seccomp.h')) missing.push('libseccomp-dev')
  if (missing.length > 0)
    throw new Problem(
      'ETOOLS',
      3,
      `a node image is made with what is not here: ${missing.join(', ')}`,
      `As root: apt-get install ${missing.join(' ')}`,
    )
  if (process.geteuid?.() !== 0)
    throw new Problem(
      'EROOT',
      3,
      'a node image is made by root: its files have their owners',
      'Run it with sudo.',
    )
  await assertDocker()
}

/** @throws Problem (3) where no Docker daemon answers. */
export async function assertDocker(): Promise<void> {
  const { code, stderr } = await run('docker', ['version', '--format', '{{.Server.Version}}'])
  if (code === 0) return
  throw new Problem(
    'EDOCKER',
    3,
    `docker does not answer: ${stderr.trim().split('\n').at(-1) ?? ''}`,
    'Start it, or say with DOCKER_HOST where it is.',
  )
}
