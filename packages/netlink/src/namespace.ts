import { closeSync, mkdirSync, openSync, readdirSync, unlinkSync, writeFileSync } from 'node:fs'
import { check, currentNetworkNamespace, inNetworkNamespace, libc, type SystemError } from '@wireproof/ffi'

const directory = '/run/netns'
const MS_BIND = 0x1000
const MS_REC = 0x4000
const MS_SHARED = 1 << 20
const MNT_DETACH = 2
const LOCK_EX = 2

/**
 * Makes a named network namespace as `ip netns add` does, and that `ip netns` sees.
 *
 * @returns its path, `/run/netns/<name>`.
 * @throws Error with code `EEXIST` where there is one of that name.
 */
export function createNamespace(name: string): string {
  const path = pathOf(name)
  mkdirSync(directory, { recursive: true, mode: 0o755 })
  shareDirectory()
  closeSync(openSync(path, 'wx', 0o444))
  try {
    inNetworkNamespace('new', () =>
      check('mount', libc.mount(currentNetworkNamespace, path, 'none', MS_BIND, null), path),
    )
  } catch (error) {
    unlinkSync(path)
    throw error
  }
  return path
}

/**
 * Takes the name away. The namespace itself ends with the last process and descriptor in it.
 *
 * @throws Error with code `ENOENT` where there is none of that name.
 */
export function deleteNamespace(name: string): void {
  const path = pathOf(name)
  try {
    check('umount2', libc.umount2(path, MNT_DETACH), path)
  } catch (error) {
    // EINVAL: no mount there, because whoever made the file was killed before it mounted.
    if ((error as SystemError).code !== 'EINVAL') throw error
  }
  unlinkSync(path)
}

/** Names of all that are under /run/netns, whoever made them. */
export function listNamespaces(): string[] {
  try {
    return readdirSync(directory).sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/**
 * Writes a kernel setting of a network namespace.
 *
 * @param setting such as `net/ipv4/ip_forward`; with slashes, because names of links may have dots.
 * @param namespace path of the namespace; the calling thread's own without one.
 * @param directory where they are: containers may have another that can be written.
 */
export function setSysctl(
  setting: string,
  value: string | number,
  namespace?: string,
  directory = '/proc/sys',
): void {
  const write = () => writeFileSync(`${directory}/${setting}`, String(value))
  if (namespace === undefined) write()
  else inNetworkNamespace(namespace, write)
}

function pathOf(name: string): string {
  if (
    name === '' ||
    name === '.' ||
    name === '..' ||
    name.includes('/') ||
    name.includes('\0') ||
    name.length > 255
  )
    throw new TypeError(`${JSON.stringify(name)} cannot name a network namespace`)
  return `${directory}/${name}`
}

/** Mounts made here must reach other mount namespaces, and unmounts too, or a name could not be removed while in use. */
function shareDirectory(): void {
  const lock = openSync(directory, 'r')
  try {
    // iproute2 takes the same lock: without it two starters would stack two mounts on the directory.
    check('flock', libc.flock(lock, LOCK_EX), directory)
    if (libc.mount('', directory, 'none', MS_SHARED | MS_REC, null) === 0) return
    check('mount', libc.mount(directory, directory, 'none', MS_BIND | MS_REC, null), directory)
    check('mount', libc.mount('', directory, 'none', MS_SHARED | MS_REC, null), directory)
  } finally {
    closeSync(lock)
  }
}
