import { Problem } from '../lab/problem.ts'

/** Reads one key of a stack's configuration, without its `wireproof:`; undefined where it is not set. */
export type Get = (key: string) => string | undefined

const remedy =
  'Change it with: npm run pulumi -- config set wireproof:<property> <value>, or config rm wireproof:<property>.'

/**
 * Reads a configuration as a whole.
 *
 * @param read collects what is wrong with it, each as a sentence that names property, value and what is allowed.
 * @throws Problem with all of them.
 */
export function readAll<T>(read: (mistakes: string[]) => T): T {
  const mistakes: string[] = []
  const settings = read(mistakes)
  if (mistakes.length > 0) throw new Problem('ECONFIG', 2, mistakes.join('\n'), remedy)
  return settings
}

export function wholeNumber(
  key: string,
  text: string | undefined,
  { fallback, least, most }: { readonly fallback: number; readonly least: number; readonly most: number },
  mistakes: string[],
): number {
  if (text === undefined) return fallback
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= least && value <= most) return value
  mistakes.push(
    `wireproof:${key} must be a whole number from ${least} to ${most}; it is ${JSON.stringify(text)}`,
  )
  return fallback
}

export function flag(key: string, text: string | undefined, fallback: boolean, mistakes: string[]): boolean {
  if (text === undefined) return fallback
  if (text === 'true' || text === 'false') return text === 'true'
  mistakes.push(`wireproof:${key} must be true or false; it is ${JSON.stringify(text)}`)
  return fallback
}

export function oneOf<T extends string>(
  key: string,
  text: string | undefined,
  allowed: readonly T[],
  fallback: T,
  mistakes: string[],
): T {
  if (text === undefined) return fallback
  const chosen = allowed.find((each) => each === text)
  if (chosen === undefined)
    mistakes.push(`wireproof:${key} must be one of ${allowed.join(', ')}; it is ${JSON.stringify(text)}`)
  return chosen ?? fallback
}
