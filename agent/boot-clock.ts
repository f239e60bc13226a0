import { readFileSync } from 'node:fs'

/** Milliseconds since this machine was booted, to some 10 ms, also those that it slept: a clock that nobody can set. */
export function sinceBoot(): number {
  return Number.parseFloat(readFileSync('/proc/uptime', 'utf8')) * 1000
}
