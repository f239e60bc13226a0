import { readFileSync } from 'node:fs'

const ticksPerSecond = 100

/** Milliseconds that a process has had of processors. */
export function processorTime(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ')
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1000
}
