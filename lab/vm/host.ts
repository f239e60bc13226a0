import { readdirSync, readFileSync } from 'node:fs'
import { totalmem } from 'node:os'

/** An identity that owns nothing on this machine: no line of /etc/passwd has it. */
export function unusedUid(passwd: string): number {
  const taken = new Set(passwd.split('\n').map((line) => Number(line.split(':')[2])))
  let uid = 61_723
  while (taken.has(uid)) uid++
  return uid
}

const systemDirectories = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/** A search path that also finds root's programs: Debian leaves their directories out of other users' paths. */
export function withSystemPrograms(path = ''): string {
  const directories = path.split(':').filter(Boolean)
  return [...new Set([...directories, ...systemDirectories])].join(':')
}

/** A ceiling, not a reservation: a guest takes what it uses. */
export function defaultMemoryMib(): number {
  return Math.min(3072, Math.floor(totalmem() / 2 / (1 << 20)))
}

/** `0-2,5` as the kernel writes it, as `[0, 1, 2, 5]`. */
export function parseCpuList(list: string): number[] {
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number)
    return Array.from({ length: last! - first! + 1 }, (_, index) => first! + index)
  })
}

const allowedCpus = (status: string) => parseCpuList(/^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? '0')

/** Of the CPUs this process may use, one with the fewest guests pinned to it. */
export function leastUsedCpu(processes = pinnedGuests()): number {
  const allowed = allowedCpus(readFileSync('/proc/self/status', 'utf8'))
  const guests = new Map(allowed.map((cpu) => [cpu, 0]))
  for (const cpu of processes) if (guests.has(cpu)) guests.set(cpu, guests.get(cpu)! + 1)
  const fewest = Math.min(...guests.values())
  const candidates = allowed.filter((cpu) => guests.get(cpu) === fewest)
  return candidates[Math.floor(Math.random() * candidates.length)]!
}

/** The CPU of every `unshare` that is tied to one: that is how guests are started. */
function pinnedGuests(): number[] {
  const cpus: number[] = []
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'latin1')
      if (!status.startsWith('Name:\tunshare\n')) continue
      const allowed = allowedCpus(status)
      if (allowed.length === 1) cpus.push(allowed[0]!)
    } catch {
      // The process ended while it was looked at.
    }
  }
  return cpus
}
