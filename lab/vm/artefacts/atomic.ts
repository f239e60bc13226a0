import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

const marker = '.part-'

/**
 * The directory `path`, made by `make` when it is missing. `make` fills a directory beside it, which is then renamed:
 * an interrupted run leaves nothing that looks finished, and of two runs at once the first to finish wins.
 */
export async function atomicDirectory(
  path: string,
  make: (temporary: string) => Promise<void>,
): Promise<string> {
  if (await exists(path)) return path
  await mkdir(dirname(path), { recursive: true })
  await removeAbandoned(path)
  const temporary = `${path}${marker}${process.pid}`
  await rm(temporary, { recursive: true, force: true })
  await mkdir(temporary)
  try {
    await make(temporary)
    await rename(temporary, path).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
  return path
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/** What a run that was killed left beside `path`; that of a run which still lives is not touched. */
async function removeAbandoned(path: string): Promise<void> {
  const prefix = `${basename(path)}${marker}`
  for (const name of await readdir(dirname(path))) {
    if (!name.startsWith(prefix)) continue
    if (await exists(`/proc/${name.slice(prefix.length)}`)) continue
    await rm(join(dirname(path), name), { recursive: true, force: true })
  }
}

/** Writes a file so that no reader ever sees half of it. */
export async function atomicFile(path: string, data: string | Uint8Array): Promise<void> {
  const temporary = `${path}${marker}${process.pid}`
  await mkdir(dirname(path), { recursive: true })
  await writeFile(temporary, data)
  await rename(temporary, path)
}
