import type { Problems } from './problem.ts'

/** Looks at one value and says what is wrong with it. */
export type Check = (value: unknown, path: string, problems: Problems) => void

/** A value as it is shown in a message: short, and on one line. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}

/** The fields of an object; a name in `required` must be there, and no name that is not in `fields`. */
export function object(fields: Readonly<Record<string, Check>>, required: readonly string[] = []): Check {
  const names = Object.keys(fields)
  return (value, path, problems) => {
    if (!isObject(value)) {
      problems.add(path, `must be an object, and is ${show(value)}`)
      return
    }
    for (const name of required)
      if (value[name] === undefined) problems.add(join(path, name), 'is missing; it is required here')
    for (const [name, field] of Object.entries(value)) {
      const check = Object.hasOwn(fields, name) ? fields[name] : undefined
      if (!check) problems.addWithAllowed(join(path, name), 'there is no such field', names)
      else if (field !== undefined) check(field, join(path, name), problems)
    }
  }
}

export function listOf(check: Check): Check {
  return (value, path, problems) => {
    if (!Array.isArray(value)) problems.add(path, `must be a list, and is ${show(value)}`)
    else for (const [index, item] of value.entries()) check(item, `${path}[${index}]`, problems)
  }
}

export function mapOf(checkName: Check, checkValue: Check): Check {
  return (value, path, problems) => {
    if (!isObject(value)) {
      problems.add(path, `must be an object, and is ${show(value)}`)
      return
    }
    for (const [name, field] of Object.entries(value)) {
      const inside = `${path}[${JSON.stringify(name)}]`
      checkName(name, inside, problems)
      checkValue(field, inside, problems)
    }
  }
}

export function oneOf(allowed: readonly string[]): Check {
  return (value, path, problems) => {
    if (typeof value !== 'string' || !allowed.includes(value))
      problems.addWithAllowed(path, `${show(value)} is not allowed`, allowed)
  }
}

export function integer(least: number, most: number, also = ''): Check {
  return (value, path, problems) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most)
      problems.add(path, `must be a whole number from ${least} to ${most}${also}, and is ${show(value)}`)
  }
}

export const flag: Check = (value, path, problems) => {
  if (typeof value !== 'boolean')
    problems.addWithAllowed(path, `${show(value)} is not allowed`, ['true', 'false'])
}

/** @param complaint says what is wrong with a text, and nothing where it is right. */
export function text(complaint: (value: string) => string | undefined = () => undefined): Check {
  return (value, path, problems) => {
    if (typeof value !== 'string') {
      problems.add(
        path,
        `must be text${typeof value === 'object' ? '' : ' (in quotes)'}, and is ${show(value)}`,
      )
      return
    }
    const wrong = complaint(value)
    if (wrong) problems.add(path, wrong)
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}
