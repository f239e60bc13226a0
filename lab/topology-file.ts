import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Errors } from 'typebox/value'
import { type Document, LineCounter, parseDocument } from 'yaml'
import { overheadOf } from './netns/layout.ts'
import { Problem } from './problem.ts'
import { routings, Topology } from './topology.ts'

const schema = 'lab/topology.schema.json'
const defaultTopologyFile = fileURLToPath(new URL('default-topology.yaml', import.meta.url))

/** Reads and checks a topology; without a file, the default one. `-` is standard input. */
export function readTopology(file?: string): Topology {
  // By its number, since a standard input that is a socket cannot be opened by a path.
  const path = file === '-' ? 0 : (file ?? defaultTopologyFile)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new Problem(
      'ETOPOLOGY',
      2,
      `the topology ${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`,
      'Give the path of a YAML file; lab/default-topology.yaml is an example.',
    )
  }
  return parseTopology(text, path === 0 ? 'standard input' : path)
}

/**
 * Checks YAML (or JSON, its subset) against the topology schema and for references that lead nowhere.
 *
 * @throws Problem listing every mistake with its line and what is allowed there.
 */
export function parseTopology(text: string, source: string): Topology {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const [syntax] = document.errors
  if (syntax) {
    const at = `${source}:${lines.linePos(syntax.pos[0]).line}`
    throw new Problem(
      'ETOPOLOGY',
      2,
      `${at}: not YAML: ${syntax.message.split('\n')[0]}`,
      `The form is ${schema}.`,
    )
  }
  const value: unknown = document.toJS() ?? {}
  const mistakes = schemaMistakes(value)
  if (mistakes.length === 0)
    mistakes.push(...danglingReferences(value as Topology), ...tooNarrow(value as Topology))
  if (mistakes.length > 0) {
    const shown = mistakes.map(({ path, says }) => `${source}:${lineOf(document, lines, path)}: ${says}`)
    throw new Problem('ETOPOLOGY', 2, shown.join('\n'), `What is allowed where: ${schema}.`)
  }
  return value as Topology
}

interface Mistake {
  readonly path: readonly string[]
  readonly says: string
}

function schemaMistakes(value: unknown): Mistake[] {
  const mistakes: Mistake[] = []
  for (const error of Errors(Topology, value)) {
    const path = error.instancePath.split('/').slice(1)
    const name = path.join('.') || 'the topology'
    const params = error.params as {
      additionalProperties?: string[]
      allowedValue?: unknown
      pattern?: string
    }
    if (error.keyword === 'boolean') continue
    if (params.additionalProperties) {
      for (const property of params.additionalProperties) {
        const allowed = allowedProperties(path).join(', ')
        mistakes.push({ path: [...path, property], says: `${property} is unknown here; allowed: ${allowed}` })
      }
    } else if (error.keyword === 'pattern') {
      const says = `${name} must be lower-case letters, digits and dashes, at most 12, starting with a letter`
      mistakes.push({ path, says })
    } else if (error.keyword === 'enum') {
      const allowed = (error.params as { allowedValues: unknown[] }).allowedValues.join(', ')
      mistakes.push({ path, says: `${name} is none of: ${allowed}` })
    } else if (error.keyword === 'const') {
      mistakes.push({ path, says: `${name} must be ${JSON.stringify(params.allowedValue)}` })
    } else if (error.keyword !== 'anyOf') {
      mistakes.push({ path, says: `${name} ${error.message}` })
    }
  }
  return mistakes
}

interface Schema {
  readonly properties?: Record<string, Schema>
  readonly items?: Schema
}

function allowedProperties(path: readonly string[]): string[] {
  let schema: Schema | undefined = Topology as Schema
  for (const step of path) schema = schema?.items ?? schema?.properties?.[step]
  return Object.keys(schema?.properties ?? {})
}

function danglingReferences(topology: Topology): Mistake[] {
  const mistakes: Mistake[] = []
  const nodes = new Set<string>()
  const pods = new Set<string>()
  topology.nodes.forEach((node, index) => {
    if (nodes.has(node.name))
      mistakes.push({ path: ['nodes', `${index}`], says: `node ${node.name} is there twice` })
    nodes.add(node.name)
  })
  topology.pods?.forEach((pod, index) => {
    const path = ['pods', `${index}`]
    if (pods.has(pod.name)) mistakes.push({ path, says: `pod ${pod.name} is there twice` })
    if (nodes.has(pod.name)) mistakes.push({ path, says: `${pod.name} names both a node and a pod` })
    if (!nodes.has(pod.node))
      mistakes.push({
        path,
        says: `pod ${pod.name} is on node ${pod.node}; nodes are: ${[...nodes].join(', ')}`,
      })
    pods.add(pod.name)
  })
  topology.services?.forEach((service, index) => {
    const labels = Object.entries(service.selector)
    const selects = topology.pods?.some((pod) => labels.every(([key, value]) => pod.labels?.[key] === value))
    if (!selects)
      mistakes.push({
        path: ['services', `${index}`],
        says: `service ${service.name} selects no pod by its labels`,
      })
  })
  return mistakes
}

/** What every link must carry for IPv6 (RFC 8200 section 5). */
const leastMtuOfIpv6 = 1280

function tooNarrow({ ipFamilies, routing = routings[0], wire }: Topology): Mistake[] {
  const least = leastMtuOfIpv6 + overheadOf(routing)
  if (!ipFamilies?.includes('ipv6') || (wire?.mtu ?? least) >= least) return []
  const ofRouting = routing === 'vxlan' ? ' in VXLAN' : ''
  return [{ path: ['wire', 'mtu'], says: `wire.mtu must be >= ${least} for pods with IPv6${ofRouting}` }]
}

function lineOf(document: Document, lines: LineCounter, path: readonly string[]): number {
  for (let depth = path.length; depth > 0; depth--) {
    const node = document.getIn(path.slice(0, depth), true) as
      | { range?: [number, number, number] }
      | undefined
    if (node?.range) return lines.linePos(node.range[0]).line
  }
  return 1
}
