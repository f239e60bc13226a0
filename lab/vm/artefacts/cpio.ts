export interface CpioEntry {
  readonly path: string
  /** Type and permission bits as in stat(2). */
  readonly mode: number
  readonly data?: Uint8Array
  /** Major and minor number of a device. */
  readonly device?: readonly [number, number]
}

const directoryType = 0o040000
export const fileType = 0o100000
export const characterDeviceType = 0o020000

/** An archive that the kernel unpacks as its first root file system (Documentation/driver-api/early-userspace/buffer-format.rst). */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  const parts = withDirectories(entries).map((entry, index) => record(entry, index + 1))
  return Buffer.concat([...parts, record({ path: 'TRAILER!!!', mode: 0 }, 0)])
}

/** Every directory that an entry lies in, before what lies in it. */
function withDirectories(entries: readonly CpioEntry[]): CpioEntry[] {
  const seen = new Set<string>()
  return entries.flatMap((entry) => {
    const steps = entry.path.split('/').slice(0, -1)
    const parents = steps.map((_, index) => steps.slice(0, index + 1).join('/'))
    const fresh = parents.filter((path) => !seen.has(path) && seen.add(path))
    seen.add(entry.path)
    return [...fresh.map((path) => ({ path, mode: directoryType | 0o755 })), entry]
  })
}

function record({ path, mode, data = new Uint8Array(), device = [0, 0] }: CpioEntry, inode: number): Buffer {
  const name = Buffer.from(`${path}\0`)
  const fields = [inode, mode, 0, 0, 1, 0, data.length, 0, 0, ...device, name.length, 0]
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`)
  return Buffer.concat([aligned(Buffer.concat([header, name])), aligned(Buffer.from(data))])
}

const aligned = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)])
