/**
 * strongSwan from Debian, unpacked and not installed: what is installed begins to listen on the machine.
 * `node test/strongswan/packages.ts` fetches it ahead of a test that is run by itself.
 */
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { atomicDirectory } from '../../lab/vm/artefacts/atomic.ts'
import { command } from '../../lab/vm/artefacts/command.ts'
import { download } from '../../lab/vm/artefacts/debian.ts'
import { root } from '../wireproof.ts'

const names = [
  'libstrongswan',
  'libstrongswan-standard-plugins',
  'strongswan-charon',
  'strongswan-libcharon',
  'strongswan-swanctl',
]

/** Where the files of the packages are, as they would be below `/`: beside the code, which a booted kernel sees. */
export const strongswanRoot = join(root, 'node_modules/.cache/strongswan')

/** Fetches it where it is not there yet: 1 MB, and the archive's index. */
export async function obtainStrongswan(): Promise<void> {
  await atomicDirectory(strongswanRoot, async (directory) => {
    const work = join(directory, 'work')
    await mkdir(work)
    const release = /^VERSION_CODENAME=(.*)$/m.exec(await readFile('/etc/os-release', 'utf8'))?.[1]
    for (const { file } of await download(release ?? 'stable', names, work))
      await command('dpkg-deb', ['-x', file, directory])
    await rm(work, { recursive: true })
  })
}

if (import.meta.main) await obtainStrongswan()
