import { spawnSync } from 'node:child_process'
import type { Arm } from './arms.ts'

export const kinds = ['tcp', 'udp', 'rr'] as const
export type Kind = (typeof kinds)[number]

/** What traffic.c prints: bytes or datagrams a second; of rr, round trips a second at the median and at the 99th percentile. */
export interface Measured {
  readonly rate: number
  readonly p99?: number
}

/** Sends from the first pod to the second. @throws Error when anything arrived otherwise than it was sent. */
export function send(program: string, kind: Kind, seconds: number, { cluster }: Arm): Measured {
  const argv = [kind, `${seconds}`, cluster.path('p1'), cluster.path('p2'), cluster.podAddress(2)]
  const { status, stdout, stderr, error } = spawnSync(program, argv, { encoding: 'utf8' })
  if (error) throw error
  if (status !== 0) throw new Error(`${kind}: ${stderr}`)
  const [count = 0, second = 0, third = 0] = stdout.split(' ').map(Number)
  return kind === 'rr' ? { rate: 1e9 / second, p99: 1e9 / third } : { rate: count / second }
}
