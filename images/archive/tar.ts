import { createReadStream } from 'node:fs'

/** One entry of an archive. Names are relative and have no slash at either end. */
export type TarEntry =
  | { readonly type: 'directory'; readonly name: string; readonly mode?: number }
  | { readonly type: 'symlink'; readonly name: string; readonly target: string }
  | ({ readonly type: 'file'; readonly name: string; readonly mode?: number } & FileContent)

/** The bytes themselves, or where they are and how many. */
export type FileContent = { readonly content: Uint8Array } | { readonly path: string; readonly size: number }

const block = 512
/** Two blocks of zeros end an archive. */
const end = Buffer.alloc(2 * block)

/**
 * An archive in the POSIX format: the same entries in the same order give the same bytes, on any machine and at any time.
 * Everything is root's and as old as time itself.
 *
 * @throws RangeError where a file has another size than was said.
 */
export async function* tarOf(entries: Iterable<TarEntry>): AsyncGenerator<Buffer> {
  for (const entry of entries) {
    yield* headersOf(entry)
    if (entry.type !== 'file') continue
    let written = 0
    if ('content' in entry) {
      written = entry.content.length
      yield Buffer.from(entry.content.buffer, entry.content.byteOffset, entry.content.length)
    } else
      for await (const chunk of createReadStream(entry.path, { highWaterMark: 1 << 20 })) {
        written += chunk.length
        yield chunk
      }
    if (written !== sizeOf(entry))
      throw new RangeError(`${entry.name} has ${written} bytes, and ${sizeOf(entry)} were announced`)
    if (written % block !== 0) yield Buffer.alloc(block - (written % block))
  }
  yield end
}

/** The directories that entries are in, so that each is there before what it holds; all of it sorted by name. */
export function withDirectories(entries: readonly TarEntry[]): TarEntry[] {
  const byName = new Map(entries.map((entry) => [entry.name, entry]))
  for (const { name } of entries)
    for (let at = name.lastIndexOf('/'); at > 0; at = name.lastIndexOf('/', at - 1)) {
      const directory = name.slice(0, at)
      if (!byName.has(directory)) byName.set(directory, { type: 'directory', name: directory })
    }
  return [...byName.values()].sort((a, b) => compare(a.name, b.name))
}

/** By code units: the order does not depend on a locale. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function sizeOf(entry: TarEntry): number {
  if (entry.type !== 'file') return 0
  return 'content' in entry ? entry.content.length : entry.size
}

const typeFlags = { file: '0', symlink: '2', directory: '5' } as const

function headersOf(entry: TarEntry): Buffer[] {
  const name = entry.type === 'directory' ? `${entry.name}/` : entry.name
  const target = entry.type === 'symlink' ? entry.target : ''
  const header = headerBlock(entry, name, target)
  // What has no room in a header is told by an extended one before it.
  const records = [
    ...(Buffer.byteLength(name) > 100 ? [paxRecord('path', name)] : []),
    ...(Buffer.byteLength(target) > 100 ? [paxRecord('linkpath', target)] : []),
  ]
  if (records.length === 0) return [header]
  const content = Buffer.from(records.join(''))
  const padded = Buffer.alloc(Math.ceil(content.length / block) * block)
  content.copy(padded)
  return [
    block512({ name: 'PaxHeaders/entry', mode: 0o644, size: content.length, flag: 'x', target: '' }),
    padded,
    header,
  ]
}

function headerBlock(entry: TarEntry, name: string, target: string): Buffer {
  const mode = entry.type === 'symlink' ? 0o777 : (entry.mode ?? (entry.type === 'directory' ? 0o755 : 0o644))
  return block512({ name, mode, size: sizeOf(entry), flag: typeFlags[entry.type], target })
}

function block512(of: { name: string; mode: number; size: number; flag: string; target: string }): Buffer {
  const header = Buffer.alloc(block)
  const octal = (value: number, offset: number, width: number) =>
    header.write(`${value.toString(8).padStart(width - 1, '0')}\0`, offset, 'latin1')
  Buffer.from(of.name).copy(header, 0, 0, 100)
  octal(of.mode, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(of.size, 124, 12)
  octal(0, 136, 12)
  header.write(' '.repeat(8), 148, 'latin1')
  header.write(of.flag, 156, 'latin1')
  Buffer.from(of.target).copy(header, 157, 0, 100)
  header.write('ustar\x0000', 257, 'latin1')
  let sum = 0
  for (const byte of header) sum += byte
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return header
}

/** A record tells its own length, the digits of that included. */
function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`)
  let length = rest + String(rest).length
  if (rest + String(length).length !== length) length = rest + String(length).length
  return `${length} ${key}=${value}\n`
}
