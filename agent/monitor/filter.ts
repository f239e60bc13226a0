import { type Flow, type FlowRecord, type FlowVerdict, flowVerdicts, isLoss } from '../api.ts'
import { AgentProblem } from '../problem.ts'

/** Which flow events to tell. What is given must all hold. */
export interface FlowFilter {
  readonly encrypted?: boolean
  readonly verdict?: FlowVerdict
  /** One end is this pod. */
  readonly pod?: string
  /** One end lives on this node, or is it. */
  readonly node?: string
}

/** What to tell of the past, and whether to go on. */
export interface FlowQuery extends FlowFilter {
  /** Milliseconds before now, by the agent's clock; without it and without `last` nothing of the past. */
  readonly since?: number
  /** The latest so many of the past that match. */
  readonly last?: number
  /** Whether to go on with what happens from now on; without it, yes. */
  readonly follow?: boolean
}

/** A loss concerns every filter: what is missing might have matched. */
export function isWanted(filter: FlowFilter, record: FlowRecord): boolean {
  return isLoss(record) || matches(filter, record)
}

export function matches({ encrypted, verdict, pod, node }: FlowFilter, flow: Flow): boolean {
  return (
    (encrypted === undefined || flow.encrypted === encrypted) &&
    (verdict === undefined || flow.verdict === verdict) &&
    (pod === undefined || flow.sourcePod === pod || flow.destinationPod === pod) &&
    (node === undefined || flow.sourceNode === node || flow.destinationNode === node)
  )
}

/** The query of GET /flows. */
export function writeQuery(query: FlowQuery): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, `${value}`)
  return parameters.toString()
}

/** @throws AgentProblem that says what is allowed. */
export function readQuery(parameters: URLSearchParams): FlowQuery {
  const query: { -readonly [Name in keyof FlowQuery]: FlowQuery[Name] } = {}
  for (const [name, value] of parameters) {
    if (name === 'encrypted' || name === 'follow') query[name] = boolean(name, value)
    else if (name === 'since' || name === 'last') query[name] = wholeNumber(name, value)
    else if (name === 'pod' || name === 'node') query[name] = value
    else if (name === 'verdict') query.verdict = verdict(value)
    else throw mistake(`flows cannot be asked for by ${name}`, 'See FlowQuery in agent/monitor/filter.ts.')
  }
  return query
}

function boolean(name: string, value: string): boolean {
  if (value !== 'true' && value !== 'false') throw mistake(`${name} is true or false`, 'Say which.')
  return value === 'true'
}

function wholeNumber(name: string, value: string): number {
  if (!/^\d{1,15}$/.test(value)) throw mistake(`${name} is a whole number`, 'Give one of at most 15 digits.')
  return Number(value)
}

function verdict(value: string): FlowVerdict {
  const found = flowVerdicts.find((each) => each === value)
  if (!found) throw mistake(`there is no verdict ${value}`, `There are ${flowVerdicts.join(', ')}.`)
  return found
}

function mistake(what: string, remedy: string): AgentProblem {
  return new AgentProblem('EQUERY', 2, what, remedy)
}
