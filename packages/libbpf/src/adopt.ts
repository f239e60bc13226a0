import { libc } from '@wireproof/ffi'
import { checkBpf } from './bpf-error.ts'
import { libbpf } from './libbpf.ts'
import { writePointer } from './struct.ts'

// struct bpf_prog_info and struct bpf_map_info up to the last field read here. Kernels fill in what they know.
const PROGRAM_INFO = { size: 64, mapCount: 52, mapIds: 56 } as const
const MAP_INFO = {
  size: 48,
  type: 0,
  keySize: 8,
  valueSize: 12,
  maxEntries: 16,
  name: 24,
  nameSize: 16,
} as const
const MOST_MAPS = 64

/** A map in the kernel, and what tells whether another could stand in its place. */
interface FoundMap {
  readonly fd: number
  readonly shape: string
}

/**
 * Gives a map of an object that is not loaded yet the content of the map of the same name that a program in the kernel
 * uses: they become one.
 *
 * @param programId the kernel's id of the program.
 * @returns whether there is such a map, of the same type and sizes.
 */
export function adoptMap(map: unknown, name: string, programId: number): boolean {
  const program = checkBpf('bpf_prog_get_fd_by_id', libbpf.bpf_prog_get_fd_by_id(programId), name)
  try {
    for (const id of mapIdsOf(program)) {
      const found = findMap(id, name)
      if (!found) continue
      try {
        if (found.shape !== shapeOf(map)) return false
        checkBpf('bpf_map__reuse_fd', libbpf.bpf_map__reuse_fd(map, found.fd), name)
        return true
      } finally {
        libc.close(found.fd)
      }
    }
    return false
  } finally {
    libc.close(program)
  }
}

function mapIdsOf(program: number): number[] {
  const ids = Buffer.alloc(MOST_MAPS * 4)
  const info = Buffer.alloc(PROGRAM_INFO.size)
  info.writeUInt32LE(MOST_MAPS, PROGRAM_INFO.mapCount)
  writePointer(info, PROGRAM_INFO.mapIds, ids)
  readInfo(program, info)
  const count = Math.min(MOST_MAPS, info.readUInt32LE(PROGRAM_INFO.mapCount))
  return Array.from({ length: count }, (_, at) => ids.readUInt32LE(at * 4))
}

/** The map of this id, if that is its name, of which the kernel keeps 15 letters. The caller closes it. */
function findMap(id: number, name: string): FoundMap | undefined {
  const fd = checkBpf('bpf_map_get_fd_by_id', libbpf.bpf_map_get_fd_by_id(id), name)
  const info = Buffer.alloc(MAP_INFO.size)
  readInfo(fd, info)
  const text = info.toString('latin1', MAP_INFO.name, MAP_INFO.name + MAP_INFO.nameSize)
  if (text.slice(0, text.indexOf('\0')) !== name.slice(0, MAP_INFO.nameSize - 1)) {
    libc.close(fd)
    return undefined
  }
  const numbers = [MAP_INFO.type, MAP_INFO.keySize, MAP_INFO.valueSize, MAP_INFO.maxEntries]
  return { fd, shape: numbers.map((at) => info.readUInt32LE(at)).join() }
}

function shapeOf(map: unknown): string {
  return [
    libbpf.bpf_map__type(map),
    libbpf.bpf_map__key_size(map),
    libbpf.bpf_map__value_size(map),
    libbpf.bpf_map__max_entries(map),
  ].join()
}

function readInfo(fd: number, info: Buffer): void {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(info.length)
  checkBpf('bpf_obj_get_info_by_fd', libbpf.bpf_obj_get_info_by_fd(fd, info, length), `descriptor ${fd}`)
}
