import { spawnSync } from 'node:child_process'
import { which } from '../../src/program/which.ts'

/** Why there can be no make-believe nodes here; nothing where there can. */
export async function whyNoNodes(): Promise<string | undefined> {
  const noBusybox = 'there is no static busybox to make nodes of (Debian: busybox-static)'
  return noDocker() ?? ((await staticBusybox()) ? undefined : noBusybox)
}

function noDocker(): string | undefined {
  const { status, error, stderr } = spawnSync('docker', ['info', '--format', '{{.ServerVersion}}'], {
    encoding: 'utf8',
  })
  return status === 0 ? undefined : `docker does not answer: ${error?.message ?? stderr.trim()}`
}

/** A busybox that runs in an empty image. */
export async function staticBusybox(): Promise<string | undefined> {
  const busybox = await which('busybox', process.env)
  if (!busybox) return undefined
  return /statically|not a dynamic/.test(
    Object.values(spawnSync('ldd', [busybox], { encoding: 'utf8' })).join(),
  )
    ? busybox
    : undefined
}

/** What `docker` prints, in lines. */
export function docker(...words: string[]): string[] {
  const { status, stdout, stderr } = spawnSync('docker', words, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`docker ${words.join(' ')}: ${stderr}`)
  return stdout.split('\n').filter(Boolean)
}
