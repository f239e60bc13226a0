import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { programs } from './release.ts'

const manifestFile = 'manifest.json'

/** Written last, so that a directory without it is no installation. */
interface Manifest {
  /** SHA-256 of each program when it was put here. */
  readonly sha256: Readonly<Record<string, string>>
}

/**
 * Fills a directory under a temporary name and moves it to its own in one step: whatever interrupts the filling, the
 * cache holds a whole installation or none. Of two that run at once the first wins.
 *
 * @param names the programs that stand in it then.
 */
export async function install(
  directory: string,
  fill: (partial: string) => Promise<void>,
  names: readonly string[] = programs,
): Promise<void> {
  await mkdir(dirname(directory), { recursive: true })
  await removeAbandoned(directory)
  const partial = await mkdtemp(`${directory}.partial-${process.pid}-`)
  try {
    await fill(partial)
    for (const program of names) await chmod(join(partial, program), 0o755)
    const manifest: Manifest = { sha256: await digests(partial, names) }
    await writeFile(join(partial, manifestFile), `${JSON.stringify(manifest, undefined, 2)}\n`)
    if (!(await isIntact(directory, names))) await rm(directory, { recursive: true, force: true })
    await rename(partial, directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}

/** Whether every program is there and is what it was when it was installed. */
export async function isIntact(directory: string, names: readonly string[] = programs): Promise<boolean> {
  if (!existsSync(join(directory, manifestFile))) return false
  try {
    const manifest = JSON.parse(await readFile(join(directory, manifestFile), 'utf8')) as Manifest
    const now = await digests(directory, names)
    return names.every((program) => manifest.sha256[program] === now[program])
  } catch {
    return false
  }
}

/** Removes what interrupted runs left; a process that still fills its directory keeps it. */
async function removeAbandoned(directory: string): Promise<void> {
  const prefix = `${basename(directory)}.partial-`
  for (const entry of await readdir(dirname(directory))) {
    if (!entry.startsWith(prefix)) continue
    const pid = Number(entry.slice(prefix.length).split('-')[0])
    if (!existsSync(`/proc/${pid}`))
      await rm(join(dirname(directory), entry), { recursive: true, force: true })
  }
}

async function digests(directory: string, names: readonly string[]): Promise<Record<string, string>> {
  const entries = names.map(async (program) => [program, await sha256(join(directory, program))])
  return Object.fromEntries(await Promise.all(entries))
}

export async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash)
  return hash.digest('hex')
}
