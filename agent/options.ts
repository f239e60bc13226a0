import { parseArgs } from 'node:util'
import { AgentProblem } from './problem.ts'

export interface Options {
  readonly node: string
  /** Directory of the cluster store. */
  readonly cluster: string
  readonly socket: string
  /** Device that other nodes are reached by. */
  readonly wire: string
  /** Both win over the cluster's settings where they are given. */
  readonly encryptL3: boolean | undefined
  readonly strict: boolean | undefined
  readonly cleanup: boolean
  /** File with the BPF programs, where they are not those that are built beside the agent. */
  readonly datapath: string | undefined
}

export const usage = `agent --node <name> --cluster <directory> --socket <path> --wire <device>
      [--enable-encrypt-l3[=true|false]] [--strict[=true|false]] [--datapath <file>]
agent --cleanup --wire <device>`

/** @throws AgentProblem EUSAGE */
export function parseOptions(argv: readonly string[]): Options {
  const values = parse(argv)
  const cleanup = values.cleanup ?? false
  const required = cleanup ? (['wire'] as const) : (['node', 'cluster', 'socket', 'wire'] as const)
  for (const name of required) if (!values[name]) throw mistake(`--${name} is missing`)
  return {
    node: values.node ?? '',
    cluster: values.cluster ?? '',
    socket: values.socket ?? '',
    wire: values.wire ?? '',
    encryptL3: flag('enable-encrypt-l3', values['enable-encrypt-l3']),
    strict: flag('strict', values.strict),
    cleanup,
    datapath: values.datapath,
  }
}

function parse(argv: readonly string[]) {
  // A flag alone means true; parseArgs has flags with a value or without, not both.
  const args = argv.map((each) => (/^--(enable-encrypt-l3|strict)$/.test(each) ? `${each}=true` : each))
  const string = { type: 'string' } as const
  const options = {
    node: string,
    cluster: string,
    socket: string,
    wire: string,
    datapath: string,
    'enable-encrypt-l3': string,
    strict: string,
    cleanup: { type: 'boolean' },
  } as const
  try {
    return parseArgs({ args, options, allowPositionals: false }).values
  } catch (error) {
    throw mistake((error as Error).message.split('.')[0] ?? 'unknown argument')
  }
}

function flag(name: string, value: string | undefined): boolean | undefined {
  if (value === undefined) return undefined
  if (value !== 'true' && value !== 'false') throw mistake(`--${name} is true or false`)
  return value === 'true'
}

function mistake(what: string): AgentProblem {
  return new AgentProblem('EUSAGE', 2, what, `Usage: ${usage}`)
}
