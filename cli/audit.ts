import { once } from 'node:events'
import { createWriteStream, type WriteStream } from 'node:fs'
import { Command, Option } from 'commander'
import type { Observed } from '../lab/kubernetes/observed-cluster.ts'
import { Problem } from '../lab/problem.ts'
import { findAgents } from './agents.ts'
import { duration } from './duration.ts'
import { exitCode } from './exit-codes.ts'
import { agentsOption } from './options.ts'
import { insideCommand, insideOptions, interruptSignal } from './placement.ts'
import { terminal } from './terminal.ts'

const formats = ['text', 'json', 'csv'] as const

interface AuditOptions {
  readonly lab?: string
  readonly since?: number
  readonly for?: number
  readonly format: (typeof formats)[number]
  readonly output?: string
}

const defaultWindow = 60_000

const exitCodes = {
  encrypted: exitCode.ok,
  'not-encrypted': exitCode.failed,
  inconclusive: exitCode.inconclusive,
} as const

export const audit = new Command('audit')
  .description('whether every flow between nodes was encrypted over a window, or which were not')
  .addOption(
    new Option('--since <duration>', 'look back, such as 30s, 5m or 2h; one minute if nothing is said')
      .argParser(duration)
      .conflicts('for'),
  )
  .addOption(new Option('--for <duration>', 'watch from now on, such as 10s').argParser(duration))
  .addOption(new Option('--format <format>', 'of the report').choices(formats).default('text'))
  .option('--output <file>', 'write the report there instead')
  .addOption(agentsOption())
  .action(async (options: AuditOptions) => {
    const agents = await findAgents(options.lab)
    const { name } = agents
    const signal = interruptSignal()
    const file = options.output === undefined ? undefined : await opened(options.output)
    const stdout = file ?? process.stdout
    if (agents.keeper) {
      const { keeper } = agents
      const { env, ...inside } = insideOptions(keeper.description, { signal })
      const { COLUMNS: _columns, FORCE_COLOR: _colour, ...envOfFile } = env
      process.exitCode = await keeper.run(insideCommand(argumentsOf(name, options)), {
        ...inside,
        stdout,
        env: file ? envOfFile : env,
      })
    } else process.exitCode = await auditHere(name, agents.lab, options, stdout, signal)
    if (file) await new Promise((resolve) => file.end(resolve))
  })

function argumentsOf(lab: string, { since, for: length, format }: AuditOptions): string[] {
  return [
    ...['audit', '--lab', lab, '--format', format],
    ...(since === undefined ? [] : ['--since', `${since}ms`]),
    ...(length === undefined ? [] : ['--for', `${length}ms`]),
  ]
}

async function auditHere(
  name: string,
  lab: Observed,
  options: AuditOptions,
  output: NodeJS.WritableStream,
  signal: AbortSignal,
): Promise<number> {
  const { auditFor, auditPast } = await import('./audit/collect.ts')
  const { judgeAudit } = await import('./audit/judge.ts')
  const nodes = lab.nodeNames()
  const { window, testimonies } =
    options.for === undefined
      ? await auditPast(lab, nodes, options.since ?? defaultWindow)
      : await auditFor(lab, nodes, options.for, signal)
  const judged = judgeAudit(name, window, testimonies, new Date())
  output.write(await written(judged, options))
  return exitCodes[judged.report.conclusion]
}

async function written(
  judged: import('./audit/judge.ts').Audit,
  { format, output }: AuditOptions,
): Promise<string> {
  if (format === 'json') return `${JSON.stringify(judged.report, null, 2)}\n`
  if (format === 'csv') return (await import('./audit/report-csv.ts')).auditCsv(judged)
  const { auditText } = await import('./audit/report-text.ts')
  const { coloured, plain } = await import('./status/overview.ts')
  const withColour = output === undefined && terminal().isThere && !process.env.NO_COLOR
  return auditText(judged.report, withColour ? coloured : plain)
}

/** Before anything is asked: a report that cannot be kept is no report. */
async function opened(path: string): Promise<WriteStream> {
  const file = createWriteStream(path)
  try {
    await once(file, 'open')
    return file
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const remedy = 'Give --output a file that can be made.'
    throw new Problem('EFILE', exitCode.usage, `${path} cannot be written: ${code}`, remedy)
  }
}
