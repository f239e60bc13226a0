import { Malformed } from '../cluster/parse.ts'

/** A place in a document, to be told with what is wrong there. */
export type Path = string

export function wrong(path: Path, what: string): Malformed {
  return new Malformed(`${path} ${what}`)
}

/** @param known names that may be there; anything else is taken for a slip of the pen, which could widen a policy. */
export function fieldsOf(path: Path, value: unknown, known: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong(path, 'must be an object')
  const stranger = Object.keys(value).find((name) => !known.includes(name))
  if (stranger !== undefined)
    throw wrong(`${path}.${stranger}`, `is not known; allowed are ${known.join(', ')}`)
  return value as Record<string, unknown>
}

/** Absent and null are the same in Kubernetes, and an empty list mostly too. */
export function listOf<Item>(path: Path, value: unknown, item: (path: Path, value: unknown) => Item): Item[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw wrong(path, 'must be a list')
  return value.map((each, index) => item(`${path}[${index}]`, each))
}

export function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null
}

export function textOf(path: Path, value: unknown): string {
  if (typeof value === 'string') return value
  const quote = typeof value === 'number' || typeof value === 'boolean' ? `; write "${value}"` : ''
  throw wrong(path, `must be a string${quote}`)
}

export function oneOf<Choice extends string>(path: Path, value: unknown, choices: readonly Choice[]): Choice {
  const choice = choices.find((each) => each === value)
  if (choice === undefined) throw wrong(path, `must be one of ${choices.join(', ')}`)
  return choice
}

export function wholeNumber(path: Path, value: unknown, first: number, last: number): number {
  if (!Number.isInteger(value) || (value as number) < first || (value as number) > last)
    throw wrong(path, `must be a whole number from ${first} to ${last}`)
  return value as number
}
