import { InvalidArgumentError } from 'commander'
import { parseDuration } from '../agent/duration.ts'

/** `500ms`, `30s`, `5m`, `2h` or `1d`, in milliseconds. */
export function duration(value: string): number {
  const milliseconds = parseDuration(value)
  if (milliseconds === undefined)
    throw new InvalidArgumentError('Give a number and a unit, such as 500ms, 30s, 5m, 2h or 1d.')
  return milliseconds
}

/** As a person says it, in the largest unit that leaves a number to look at: `45 s`, `12 min`, `3 h`, `2 d`. */
export function spoken(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000))
  if (seconds < 100) return `${seconds} s`
  if (seconds < 100 * 60) return `${Math.round(seconds / 60)} min`
  if (seconds < 72 * 3600) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86_400)} d`
}
