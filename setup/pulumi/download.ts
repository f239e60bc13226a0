import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import http from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { Problem } from '../../lab/problem.ts'
import { sha256 } from './cache.ts'
import { archiveName, checksumsName, programs, releases } from './release.ts'
import { run } from './run.ts'

/** How long the release server may take to answer at all. A machine without it goes on to the next way quickly. */
const answerDeadlineMs = 5000

/** How long nothing may arrive once it has answered. */
const stallDeadlineMs = 30_000

export interface DownloadOptions {
  readonly signal?: AbortSignal
  /** Where releases are; tests have a server of their own. */
  readonly from?: string
  /** How long the server may take to answer, in milliseconds. */
  readonly deadlineMs?: number
}

/** The server did not answer in time, or not with the release: not a failure, there is another way. */
export class Unreachable extends Error {}

/** An official release: an archive beside a list of SHA-256 sums. */
export interface Release {
  readonly from: string
  readonly archive: string
  readonly checksums: string
  /** What is taken out of the archive, by its path in there, of which the first so many parts are left out. */
  readonly members: readonly string[]
  readonly stripComponents: number
}

/** Fetches the official Pulumi CLI into a directory. @throws as {@link downloadArchive} */
export function downloadRelease(directory: string, options: DownloadOptions = {}): Promise<void> {
  const { from = releases, ...rest } = options
  const members = programs.map((program) => `pulumi/${program}`)
  const release = { from, archive: archiveName(), checksums: checksumsName, members, stripComponents: 1 }
  return downloadArchive(release, directory, rest)
}

/**
 * Fetches an official release into a directory.
 *
 * The archive is checked against the release's published list of SHA-256 sums. That list comes from the same server
 * over TLS, so it guards against a damaged or half-replaced download, not against that server.
 *
 * @throws Unreachable when the server does not answer within the deadline.
 * @throws Problem when what it sent is not what its list says.
 */
export async function downloadArchive(
  release: Release,
  directory: string,
  options: Omit<DownloadOptions, 'from'> = {},
): Promise<void> {
  const { signal, deadlineMs = answerDeadlineMs } = options
  const { from, archive: name } = release
  // Makes fetch honour HTTPS_PROXY; newer than the type definitions.
  const { setGlobalProxyFromEnv } = http as { setGlobalProxyFromEnv?: () => void }
  setGlobalProxyFromEnv?.()
  const sums = await (await request(`${from}/${release.checksums}`, deadlineMs, signal)).text()
  const expected = checksumOf(name, sums)
  if (!expected) throw new Unreachable(`the published checksums do not list ${name}`)
  const archive = join(directory, name)
  await save(await request(`${from}/${name}`, deadlineMs, signal), archive)
  const actual = await sha256(archive)
  if (actual !== expected)
    throw new Problem(
      'ECHECKSUM',
      4,
      `the download of ${name} is not the published file: its SHA-256 is ${actual}, not ${expected}`,
      'Try again; should it stay so, something between this machine and the release server changes downloads.',
    )
  const strip = `--strip-components=${release.stripComponents}`
  const argv = ['--extract', '--gzip', strip, '--file', archive, '--directory', directory, ...release.members]
  const { code, stderr } = await run('tar', argv, signal && { signal })
  if (code !== 0)
    throw new Problem('EARCHIVE', 4, `${name} cannot be unpacked: ${stderr.trim()}`, 'Is tar installed?')
  await rm(archive)
}

/** The sum that a list in the form of sha256sum gives for a file. */
export function checksumOf(file: string, list: string): string | undefined {
  for (const line of list.split('\n')) {
    const [sum, name] = line.trim().split(/\s+\*?/)
    if (name === file && /^[0-9a-f]{64}$/.test(sum!)) return sum
  }
  return undefined
}

async function request(url: string, deadlineMs: number, signal?: AbortSignal): Promise<Response> {
  const deadline = new AbortController()
  const timer = setTimeout(() => deadline.abort(), deadlineMs)
  try {
    const response = await fetch(url, {
      signal: signal ? AbortSignal.any([signal, deadline.signal]) : deadline.signal,
    })
    if (!response.ok) throw new Unreachable(`${url} answered ${response.status}`)
    return response
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof Unreachable) throw error
    const cause = (error as { cause?: NodeJS.ErrnoException }).cause
    const why = deadline.signal.aborted ? `no answer in ${deadlineMs / 1000} s` : (cause?.code ?? `${error}`)
    throw new Unreachable(`${new URL(url).host}: ${why}`)
  } finally {
    clearTimeout(timer)
  }
}

async function save(response: Response, file: string): Promise<void> {
  const body = Readable.fromWeb(response.body as ReadableStream)
  const stalled = () => body.destroy(new Unreachable(`the download stalled for ${stallDeadlineMs / 1000} s`))
  let timer = setTimeout(stalled, stallDeadlineMs)
  body.on('data', () => {
    clearTimeout(timer)
    timer = setTimeout(stalled, stallDeadlineMs)
  })
  try {
    await pipeline(body, createWriteStream(file))
  } finally {
    clearTimeout(timer)
  }
}
