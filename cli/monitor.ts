import { setTimeout as sleep } from 'node:timers/promises'
import { Command, InvalidArgumentError, Option } from 'commander'
import { type FlowRecord, type FlowVerdict, flowVerdicts } from '../agent/api.ts'
import type { FlowQuery } from '../agent/monitor/filter.ts'
import type { Observed } from '../lab/kubernetes/observed-cluster.ts'
import { findAgents } from './agents.ts'
import { duration } from './duration.ts'
import { exitCode } from './exit-codes.ts'
import { FlowTable } from './monitor/flow-table.ts'
import { byTime, InOrder } from './monitor/in-order.ts'
import { agentsOption } from './options.ts'
import { insideCommand, insideOptions, interruptSignal } from './placement.ts'
import { terminal } from './terminal.ts'

interface MonitorOptions {
  readonly lab?: string
  readonly json?: boolean
  readonly follow: boolean
  readonly encrypted?: boolean
  readonly unencrypted?: boolean
  readonly verdict?: FlowVerdict
  readonly pod?: string
  readonly node?: string
  readonly since?: number
  readonly last?: number
}

/** What agents tell within so many milliseconds of each other is brought into the order of time. */
const patience = 150
/** An agent that is gone is asked again after so many milliseconds. */
const retryInterval = 1000

export const monitor = new Command('monitor')
  .description('which flows are encrypted and which are not, as the datapath decides it')
  .argument('[node]', 'ask this node’s agent only')
  .addOption(new Option('--encrypted', 'only flows that are').conflicts('unencrypted'))
  .option('--unencrypted', 'only flows that are not')
  .addOption(new Option('--verdict <verdict>', 'only flows of this verdict').choices(flowVerdicts))
  .option('--pod <name>', 'only flows from or to this pod')
  .option('--node <name>', 'only flows from or to this node, whichever agent tells them')
  .addOption(
    new Option('--since <duration>', 'begin with the past, such as 30s, 5m or 2h').argParser(duration),
  )
  .addOption(new Option('--last <n>', 'begin with the latest n of the past').argParser(count))
  .option('--follow', 'go on until interrupted', true)
  .option('--no-follow', 'end with the past: all that is remembered, or what --since and --last choose')
  .option('--json', 'one JSON object a line, with identities and labels')
  .addOption(agentsOption())
  .action(async (node: string | undefined, options: MonitorOptions) => {
    const agents = await findAgents(options.lab)
    const { name } = agents
    const signal = interruptSignal()
    if (agents.keeper) {
      const { keeper } = agents
      const command = insideCommand(['monitor', ...argumentsOf(node, options), '--lab', name])
      process.exitCode = await keeper.run(command, insideOptions(keeper.description, { signal }))
      return
    }
    const { lab } = agents
    const nodes = lab.nodeNames(node)
    const print = await printer(lab, options)
    process.exitCode = options.follow
      ? await follow(lab, nodes, queryOf(options), print, signal)
      : await tellPast(lab, nodes, options, print, signal)
  })

function count(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new InvalidArgumentError('Give a whole number from 1.')
  return Number(value)
}

function argumentsOf(node: string | undefined, options: MonitorOptions): string[] {
  const { verdict, pod, since, last } = options
  return [
    ...(node === undefined ? [] : [node]),
    ...(options.encrypted ? ['--encrypted'] : []),
    ...(options.unencrypted ? ['--unencrypted'] : []),
    ...(verdict === undefined ? [] : ['--verdict', verdict]),
    ...(pod === undefined ? [] : ['--pod', pod]),
    ...(options.node === undefined ? [] : ['--node', options.node]),
    ...(since === undefined ? [] : ['--since', `${since}ms`]),
    ...(last === undefined ? [] : ['--last', `${last}`]),
    ...(options.follow ? [] : ['--no-follow']),
    ...(options.json ? ['--json'] : []),
  ]
}

function queryOf({ encrypted, unencrypted, verdict, pod, node, since, last }: MonitorOptions): FlowQuery {
  return {
    ...(encrypted ? { encrypted: true } : {}),
    ...(unencrypted ? { encrypted: false } : {}),
    ...(verdict === undefined ? {} : { verdict }),
    ...(pod === undefined ? {} : { pod }),
    ...(node === undefined ? {} : { node }),
    ...(since === undefined ? {} : { since }),
    ...(last === undefined ? {} : { last }),
  }
}

async function printer(lab: Observed, { json }: MonitorOptions): Promise<(record: FlowRecord) => void> {
  if (json) return (record) => void process.stdout.write(`${JSON.stringify(record)}\n`)
  const { isThere, width } = terminal()
  const table = new FlowTable({
    names: [...(await lab.nodes()), ...(await lab.pods())].map(({ name }) => name),
    withHeadings: isThere,
    withColour: isThere && !process.env.NO_COLOR,
    ...(width ? { width } : {}),
  })
  return (record) => void process.stdout.write(table.lines(record))
}

/** The past of all agents, in the order of time. */
async function tellPast(
  lab: Observed,
  nodes: readonly string[],
  options: MonitorOptions,
  print: (record: FlowRecord) => void,
  signal: AbortSignal,
): Promise<number> {
  const query = { ...queryOf(options), follow: false }
  const everything = { since: Date.now() }
  const asked =
    options.since === undefined && options.last === undefined ? { ...query, ...everything } : query
  const told = await Promise.all(
    nodes.map(async (node) => {
      try {
        const records: FlowRecord[] = []
        for await (const record of lab.records(node, asked, signal)) records.push(record)
        return records
      } catch (error) {
        sayOf(node, error)
        return undefined
      }
    }),
  )
  const records = told.flatMap((each) => each ?? []).sort(byTime)
  for (const record of options.last === undefined ? records : records.slice(-options.last)) print(record)
  return told.includes(undefined) ? exitCode.environment : exitCode.ok
}

/** Goes on until the signal aborts. An agent that goes away is asked again: it may be on its way back. */
async function follow(
  lab: Observed,
  nodes: readonly string[],
  query: FlowQuery,
  print: (record: FlowRecord) => void,
  signal: AbortSignal,
): Promise<number> {
  const order = new InOrder<FlowRecord>(patience, print)
  await Promise.all(nodes.map((node) => followNode(lab, node, query, order, signal)))
  order.flush()
  return exitCode.ok
}

async function followNode(
  lab: Observed,
  node: string,
  query: FlowQuery,
  order: InOrder<FlowRecord>,
  signal: AbortSignal,
): Promise<void> {
  let isGone = false
  let asked = query
  while (!signal.aborted) {
    try {
      for await (const record of lab.records(node, asked, signal)) {
        isGone = false
        order.add(record)
      }
    } catch (error) {
      if (!isGone) sayOf(node, error)
      isGone = true
      const { last: _, ...rest } = query
      // All that its next life has seen by then.
      asked = { ...rest, since: retryInterval }
      await sleep(retryInterval, undefined, { signal }).catch(() => {})
    }
  }
}

function sayOf(node: string, error: unknown): void {
  process.stderr.write(`${node}: ${(error as Error).message}\n`)
}
