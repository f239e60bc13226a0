/** Told what begins and what is done, in lines. */
export type Report = (line: string) => void

/** Reports a piece of work when it begins, and when it is done how long it took. */
export async function timed<Result>(
  report: Report,
  what: string,
  work: () => Promise<Result>,
  expectedSeconds?: number,
): Promise<Result> {
  const about = expectedSeconds === undefined ? '' : `, about ${spoken(expectedSeconds)}`
  report(`${what}${about} …`)
  const started = performance.now()
  const result = await work()
  report(`${what}: done in ${spoken(Math.round((performance.now() - started) / 1000))}`)
  return result
}

export function spoken(seconds: number): string {
  return seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`
}
