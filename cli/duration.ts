import { InvalidArgumentError } from 'commander'
import { parseDuration } from '../agent/duration.ts'

/** `500ms`, `30s`, `5m`, `2h` or `1d`, in milliseconds. */
export function duration(value: string): number {
  const milliseconds = parseDuration(value)
  if (milliseconds === undefined)
    throw new InvalidArgumentError('Give a number and a unit, such as 500ms, 30s, 5m, 2h or 1d.')
  return milliseconds
}
