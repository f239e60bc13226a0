/** From the moment at which a cloud's cluster ends to what its schedules understand. */

const units = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const least = units.h
const most = 7 * units.d

/** Milliseconds, of such as `90m`, `4h` or `2d`. A cluster takes a quarter of an hour to come up, so less than an hour is refused. */
export function readLifetime(text: string | undefined, mistakes: string[]): number {
  const [, number, unit] = /^(\d{1,4})([mhd])$/.exec(text ?? '4h') ?? []
  const lifetime = Number(number) * units[(unit ?? 'h') as keyof typeof units]
  if (lifetime >= least && lifetime <= most) return lifetime
  mistakes.push(`wireproof:ttl must be from 1h to 7d, such as 90m, 4h or 2d; it is ${JSON.stringify(text)}`)
  return 4 * units.h
}

/** What EventBridge Scheduler takes for once, in UTC. @param delay milliseconds after it. */
export function onceAt(moment: string, delay = 0): string {
  return `at(${new Date(Date.parse(moment) + delay).toISOString().slice(0, 19)})`
}

/** What Cloud Scheduler takes, which has no once: the same minute of every year, in UTC. */
export function yearlyAt(moment: string): string {
  const date = new Date(moment)
  return `${date.getUTCMinutes()} ${date.getUTCHours()} ${date.getUTCDate()} ${date.getUTCMonth() + 1} *`
}

/** A label's value, in which Google Cloud allows neither capitals nor colons. */
export function labelOf(moment: string): string {
  return moment
    .slice(0, 19)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '-')
}

/** What is to be said where the end has come; undefined before. */
export function warningAfter(moment: string, now: number): string | undefined {
  if (now < Date.parse(moment)) return undefined
  return `this cluster has ended by itself at ${moment}: refresh notices what is gone, and then up makes another, or destroy removes the rest`
}
