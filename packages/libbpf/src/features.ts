import { existsSync, readFileSync } from 'node:fs'
import { libbpf } from './libbpf.ts'

// include/uapi/linux/bpf.h.
const PROGRAM_TYPES = { tc: 3 } as const
const MAP_TYPES = { array: 2, percpu_array: 6, lru_hash: 9, lpm_trie: 11, ringbuf: 27 } as const
const HELPERS = { skb_load_bytes: 26, ringbuf_reserve: 131 } as const

export interface Features {
  /** Whether this process may load tc programs at all; `problem` says why not. */
  readonly bpf: boolean
  readonly problem?: string
  /** The kernel's own BTF, which CO-RE and kfuncs need. */
  readonly btf: boolean
  /** Whether programs are compiled or interpreted. */
  readonly jit: boolean
  readonly maps: Readonly<Record<keyof typeof MAP_TYPES, boolean>>
  readonly helpers: Readonly<Record<keyof typeof HELPERS, boolean>>
  /** Of the above, what tc programs with ring buffers need and this kernel lacks. */
  readonly missing: readonly string[]
}

/** Asks the kernel what it can do, by trying: a version says little about a configuration. Needs root to be true. */
export function features(): Features {
  const program = libbpf.libbpf_probe_bpf_prog_type(PROGRAM_TYPES.tc, null)
  const bpf = program === 1
  const maps = probe(MAP_TYPES, (type) => libbpf.libbpf_probe_bpf_map_type(type, null))
  const helpers = probe(HELPERS, (helper) => libbpf.libbpf_probe_bpf_helper(PROGRAM_TYPES.tc, helper, null))
  const absent = (found: Record<string, boolean>) => Object.keys(found).filter((name) => !found[name])
  return {
    bpf,
    ...(!bpf && { problem: 'the kernel refused a tc program: it is not configured, or this is not root' }),
    btf: existsSync('/sys/kernel/btf/vmlinux'),
    jit: readJit() > 0,
    maps,
    helpers,
    missing: [...(bpf ? [] : ['tc programs']), ...absent(maps), ...absent(helpers)],
  }
}

function probe<Name extends string>(
  wanted: Readonly<Record<Name, number>>,
  ask: (value: number) => number,
): Record<Name, boolean> {
  const found = {} as Record<Name, boolean>
  for (const name of Object.keys(wanted) as Name[]) found[name] = ask(wanted[name]) === 1
  return found
}

// Absent where the architecture has no JIT, such as User-Mode Linux.
function readJit(): number {
  const path = '/proc/sys/net/core/bpf_jit_enable'
  return existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0
}
