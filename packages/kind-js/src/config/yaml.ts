import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, stringify } from 'yaml'
import { ConfigError } from '../error.ts'
import { isObject } from './check.ts'
import type { ConfigProblem } from './problem.ts'
import { type ClusterConfig, configApiVersion } from './types.ts'
import { validateConfig } from './validate.ts'

/**
 * Reads a configuration in YAML, as one gives it to `kind create cluster --config`.
 *
 * @param file is named in messages.
 * @throws ConfigError with everything that is wrong with it, and where.
 */
export function parseConfig(text: string, file?: string): ClusterConfig {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const lineOf = (offset: number) => lines.linePos(offset).line
  if (document.errors.length > 0)
    throw new ConfigError(
      document.errors.map(({ message, pos }) => ({
        path: '',
        message: (message.split('\n', 1)[0] ?? '').replace(/ at line \d+, column \d+:?$/, ''),
        line: lineOf(pos[0]),
      })),
      file,
    )
  const config: unknown = document.toJS()
  const problems = [...missingType(config), ...validateConfig(config)]
  if (problems.length > 0)
    throw new ConfigError(
      problems.map((problem) => withLine(problem, document.contents, lineOf)),
      file,
    )
  return config as ClusterConfig
}

/** kind takes a file by these two, and refuses one without. */
function missingType(config: unknown): ConfigProblem[] {
  if (!isObject(config)) return []
  const expected = { kind: 'Cluster', apiVersion: configApiVersion }
  return Object.entries(expected)
    .filter(([field]) => config[field] === undefined)
    .map(([field, value]) => ({ path: field, message: `is missing; allowed: ${value}`, allowed: [value] }))
}

function withLine(
  problem: ConfigProblem,
  root: Node | null,
  lineOf: (offset: number) => number,
): ConfigProblem {
  let at: Node | null | undefined = root
  let offset = at?.range?.[0]
  for (const step of stepsOf(problem.path)) {
    if (isMap(at)) {
      const pair = at.items.find(({ key }) => isScalar(key) && String(key.value) === step)
      if (!pair) break
      offset = (pair.key as Node).range?.[0] ?? offset
      at = pair.value as Node | null
    } else if (isSeq(at)) {
      at = at.items[Number(step)] as Node | undefined
      offset = at?.range?.[0] ?? offset
    } else break
  }
  return offset === undefined ? problem : { ...problem, line: lineOf(offset) }
}

/** `nodes[0].labels["a.b/c"]` in its parts. */
function stepsOf(path: string): string[] {
  return [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g)].map(
    ([, quoted, index, name]) =>
      (quoted === undefined ? undefined : (JSON.parse(`"${quoted}"`) as string)) ?? index ?? name ?? '',
  )
}

/** A configuration in YAML, as `kind create cluster --config` reads it. */
export function formatConfig(config: ClusterConfig): string {
  const { kind = 'Cluster', apiVersion = configApiVersion, ...rest } = config
  return stringify({ kind, apiVersion, ...rest }, { keepUndefined: false, aliasDuplicateObjects: false })
}
