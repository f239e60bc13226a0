import { fieldsOf, listOf, oneOf, type Path, textOf, wrong } from './fields.ts'
import type { Requirement, Selector } from './network-policy.ts'

const labelKey = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/
const labelValue = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/
const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const

/** A LabelSelector. @throws Malformed */
export function parseSelector(path: Path, value: unknown): Selector {
  const fields = fieldsOf(path, value, ['matchLabels', 'matchExpressions'])
  return [
    ...parseMatchLabels(`${path}.matchLabels`, fields.matchLabels ?? {}),
    ...listOf(`${path}.matchExpressions`, fields.matchExpressions, parseExpression),
  ]
}

function parseMatchLabels(path: Path, value: unknown): Requirement[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong(path, 'must be an object')
  return Object.entries(value).map(([key, each]) => ({
    key: parseKey(path, key),
    operator: 'In',
    values: [parseValue(`${path}.${key}`, each)],
  }))
}

function parseExpression(path: Path, value: unknown): Requirement {
  const fields = fieldsOf(path, value, ['key', 'operator', 'values'])
  const operator = oneOf(`${path}.operator`, fields.operator, operators)
  const values = listOf(`${path}.values`, fields.values, parseValue)
  const wantsValues = operator === 'In' || operator === 'NotIn'
  if (wantsValues && values.length === 0) throw wrong(`${path}.values`, `must not be empty for ${operator}`)
  if (!wantsValues && values.length > 0) throw wrong(`${path}.values`, `must be empty for ${operator}`)
  return { key: parseKey(`${path}.key`, textOf(`${path}.key`, fields.key)), operator, values }
}

function parseKey(path: Path, key: string): string {
  if (!labelKey.test(key)) throw wrong(path, `has ${JSON.stringify(key)}, which is not the key of a label`)
  return key
}

function parseValue(path: Path, value: unknown): string {
  if (!labelValue.test(textOf(path, value)))
    throw wrong(path, 'must be the value of a label: at most 63 letters, digits, -, _ and .')
  return value as string
}
