import { chmod, copyFile, mkdir, readFile, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { command } from './command.ts'
import { download } from './debian.ts'

/**
 * Puts a statically linked busybox into a directory, and `modprobe` as a name of it: a guest's first programs, and its
 * module loader, start fast and do not depend on what this machine has installed.
 */
export async function busybox(directory: string, signal?: AbortSignal): Promise<void> {
  const work = join(directory, 'busybox.work')
  await mkdir(work)
  const codename = /^VERSION_CODENAME=(.*)$/m.exec(await readFile('/etc/os-release', 'utf8'))?.[1] ?? 'stable'
  const [fetched] = await download(codename, ['busybox-static'], work, signal)
  await command('dpkg-deb', ['-x', fetched!.file, join(work, 'unpacked')], signal ? { signal } : {})
  const program = join(directory, 'busybox')
  await copyFile(join(work, 'unpacked/bin/busybox'), program).catch(() =>
    copyFile(join(work, 'unpacked/usr/bin/busybox'), program),
  )
  await chmod(program, 0o755)
  await symlink('busybox', join(directory, 'modprobe'))
  await rm(work, { recursive: true })
}
