import { createHash } from 'node:crypto'
import { chmod, writeFile } from 'node:fs/promises'
import { KindError } from '../error.ts'
import { bundledVersion } from './version.ts'

/** Where a release of kind is, and what its files are called. */
export interface Release {
  /** The directory of the release. */
  readonly from: string
  readonly program: string
  readonly checksum: string
}

/** It cannot be had from here; another way may do. */
export class Unreachable extends Error {}

const platforms: Readonly<Record<string, string>> = { linux: 'linux', darwin: 'darwin' }
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

/** The official release for this machine. */
export function officialRelease(
  platform: string = process.platform,
  architecture: string = process.arch,
): Release {
  const program = `kind-${platforms[platform] ?? platform}-${architectures[architecture] ?? architecture}`
  return {
    from: `https://github.com/kubernetes-sigs/kind/releases/download/v${bundledVersion}`,
    program,
    checksum: `${program}.sha256sum`,
  }
}

const patience = 120_000

/**
 * Downloads a release's program and compares it with the checksum published beside it.
 *
 * @throws Unreachable where it cannot be had.
 * @throws KindError `ECHECKSUM` where it is not what was published.
 */
export async function downloadRelease(release: Release, target: string, signal?: AbortSignal): Promise<void> {
  const published = (await get(`${release.from}/${release.checksum}`, signal)).toString('utf8')
  const [expected] = /^[0-9a-f]{64}(?=\s|$)/.exec(published.trim()) ?? []
  if (!expected)
    throw new KindError('ECHECKSUM', `${release.from}/${release.checksum} holds no SHA-256 checksum`)
  const program = await get(`${release.from}/${release.program}`, signal)
  const digest = createHash('sha256').update(program).digest('hex')
  if (digest !== expected)
    throw new KindError(
      'ECHECKSUM',
      `${release.program} has the checksum ${digest}, and ${expected} is published`,
      {
        remedy: 'Try again; if it stays so, do not use it.',
      },
    )
  await writeFile(target, program)
  await chmod(target, 0o755)
}

async function get(url: string, signal: AbortSignal | undefined): Promise<Buffer> {
  const timeout = AbortSignal.timeout(patience)
  try {
    const response = await fetch(url, { signal: signal ? AbortSignal.any([signal, timeout]) : timeout })
    if (!response.ok) throw new Unreachable(`${url}: ${response.status} ${response.statusText}`.trim())
    return Buffer.from(await response.arrayBuffer())
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof Unreachable) throw error
    const { message, cause } = error as Error
    throw new Unreachable(`${url}: ${cause instanceof Error ? cause.message : message}`)
  }
}
