import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readdir } from 'node:fs/promises'

/**
 * Copies regular files and directories, following no symbolic link on either side: whoever owns `from` may be hostile
 * and change it meanwhile, so every step goes through the descriptor of the directory above.
 *
 * @param options.flush waits until each file is on its way out of the kernel's cache, for file systems shared with
 *   another kernel.
 * @returns the paths, relative to `from`, of everything that is neither: symbolic links, sockets, devices.
 */
export async function copyRegularFiles(
  from: string,
  to: string,
  options: { flush?: boolean } = {},
): Promise<string[]> {
  let source: FileHandle
  try {
    source = await open(from, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  } catch (error) {
    // Nothing was written.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  await mkdir(to, { recursive: true })
  const target = await open(to, constants.O_RDONLY | constants.O_DIRECTORY)
  const left: string[] = []
  try {
    await copyInto(source, target, '', left, options)
  } finally {
    await source.close()
    await target.close()
  }
  return left
}

const through = (directory: FileHandle, name: string) => `/proc/self/fd/${directory.fd}/${name}`

async function copyInto(
  source: FileHandle,
  target: FileHandle,
  path: string,
  left: string[],
  options: { flush?: boolean },
): Promise<void> {
  const directoryFlags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW
  for (const entry of await readdir(through(source, ''), { withFileTypes: true })) {
    const here = path ? `${path}/${entry.name}` : entry.name
    if (entry.isDirectory()) {
      await mkdir(through(target, entry.name)).catch(ignoreExisting)
      const inner = await open(through(source, entry.name), directoryFlags)
      try {
        const innerTarget = await open(through(target, entry.name), directoryFlags)
        try {
          await copyInto(inner, innerTarget, here, left, options)
        } finally {
          await innerTarget.close()
        }
      } finally {
        await inner.close()
      }
    } else if (entry.isFile()) {
      await copyFile(through(source, entry.name), through(target, entry.name), options)
    } else {
      left.push(here)
    }
  }
}

async function copyFile(from: string, to: string, options: { flush?: boolean }): Promise<void> {
  // Non-blocking, in case a FIFO has taken the file's place since it was listed.
  const source = await open(from, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const { mode } = await source.stat()
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW
    const target = await open(to, flags, mode & 0o777)
    try {
      const block = Buffer.allocUnsafe(1 << 20)
      for (;;) {
        const { bytesRead } = await source.read(block, 0, block.length)
        if (bytesRead === 0) break
        await target.writeFile(block.subarray(0, bytesRead))
      }
      if (options.flush) await target.sync()
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}
