import { invalid } from './refusal.ts'

/** Answers for labels such as `k8s:app=web` and `reserved:host`. */
export type LabelMatch = (labels: readonly string[]) => boolean

/** A label's key, as in `k8s:app`, `app` (of any source) and `example.com/part`. */
const key = '((?:[a-z0-9-]+:)?[A-Za-z0-9](?:[-A-Za-z0-9_./]*[A-Za-z0-9])?)'
const value = '([A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?|)'

const forms: readonly (readonly [RegExp, (values: readonly string[]) => Test])[] = [
  [form(key), () => (present) => present !== undefined],
  [form(`! ?${key}`), () => (present) => present === undefined],
  [form(`${key} ?==? ?${value}`), isOneOf],
  [form(`${key} ?!= ?${value}`), isNoneOf],
  [form(`${key} in ?\\(([^()]*)\\)`), isOneOf],
  [form(`${key} notin ?\\(([^()]*)\\)`), isNoneOf],
  [
    form(`${key} ?> ?(-?\\d+)`),
    ([limit]) =>
      (present) =>
        Number(present) > Number(limit),
  ],
  [
    form(`${key} ?< ?(-?\\d+)`),
    ([limit]) =>
      (present) =>
        Number(present) < Number(limit),
  ],
]

/** Of the value of the key that a requirement names; undefined where there is no such label. */
type Test = (present: string | undefined) => boolean

/**
 * Reads a label selector of Kubernetes (`app=web, tier in (front, back), !canary`), in which a key may carry its source
 * (`k8s:app`) as in Cilium.
 *
 * @throws Refusal for what is no selector.
 */
export function parseSelector(selector: string): LabelMatch {
  // A comma inside parentheses separates values, every other one requirements.
  const requirements = selector
    .split(/,(?![^()]*\))/)
    .map((requirement) => requirement.trim().replaceAll(/\s+/g, ' '))
    .filter((requirement, _index, all) => requirement !== '' || all.length > 1)
    .map((requirement) => parseRequirement(requirement, selector))
  return (labels) => requirements.every((holds) => holds(labels))
}

function parseRequirement(requirement: string, selector: string): LabelMatch {
  for (const [pattern, makeTest] of forms) {
    const [, name, values] = pattern.exec(requirement) ?? []
    if (name === undefined) continue
    const test = makeTest((values ?? '').split(',').map((each) => each.trim()))
    return (labels) => test(labelValue(labels, name))
  }
  throw invalid(`${JSON.stringify(selector)} is no label selector: ${JSON.stringify(requirement)}`)
}

/** The value of the label with this key, from the source that the key names, or from any. */
function labelValue(labels: readonly string[], name: string): string | undefined {
  for (const label of labels) {
    const [sourced = '', present = ''] = split(label, '=')
    const [, bare] = split(sourced, ':')
    if (name === sourced || name === bare || name === `any:${bare}`) return present
  }
  return undefined
}

function split(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

function isOneOf(values: readonly string[]): Test {
  return (present) => present !== undefined && values.includes(present)
}

/** As in Kubernetes, also where there is no such label. */
function isNoneOf(values: readonly string[]): Test {
  return (present) => present === undefined || !values.includes(present)
}

function form(pattern: string): RegExp {
  return new RegExp(`^${pattern}$`)
}
