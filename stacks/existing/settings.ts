import { type AgentFlags, readAgentFlags } from '../cluster/agent-flags.ts'
import { type Get, oneOf, readAll } from '../configuration.ts'

/** What the configuration of a stack on a cluster of others' asks for. */
export interface ExistingSettings {
  readonly kubeconfig: string | undefined
  readonly context: string | undefined
  readonly images: { readonly agent: string; readonly workload: string }
  /** Whose network plugs pods in. */
  readonly network: 'theirs' | 'ours'
  /** Left out: what the cluster says. */
  readonly podRanges: readonly string[] | undefined
  readonly wire: string
  readonly withoutEsp: 'refuse' | 'guard'
  readonly flags: AgentFlags
}

/** @param directory what the paths of files are relative to. */
export function readExistingSettings(get: Get, directory: string): ExistingSettings {
  return readAll((mistakes) => {
    const wire = get('wire') ?? 'eth0'
    if (!/^[^\s/]{1,15}$/.test(wire))
      mistakes.push(
        `wireproof:wire must be the name of a network device; it is ${JSON.stringify(get('wire'))}`,
      )
    return {
      kubeconfig: get('kubeconfig'),
      context: get('context'),
      images: {
        agent: get('agentImage') ?? 'wireproof-agent:0.1.0',
        workload: get('workloadImage') ?? 'wireproof-workload:0.1.0',
      },
      network: oneOf('network', get('network'), ['theirs', 'ours'], 'theirs', mistakes),
      podRanges: readRanges(get('podRanges'), mistakes),
      wire,
      withoutEsp: oneOf('withoutEsp', get('withoutEsp'), ['refuse', 'guard'], 'refuse', mistakes),
      flags: readAgentFlags(withoutStrict(get), directory, mistakes),
    }
  })
}

/** Others use this cluster: nothing of theirs is dropped unless somebody says so. */
function withoutStrict(get: Get): Get {
  return (key) => get(key) ?? (key === 'strict' ? 'false' : undefined)
}

function readRanges(text: string | undefined, mistakes: string[]): readonly string[] | undefined {
  if (text === undefined) return undefined
  const ranges = text.split(',').map((each) => each.trim())
  for (const range of ranges)
    if (!/^[\da-fA-F.:]+\/\d{1,3}$/.test(range))
      mistakes.push(
        `wireproof:podRanges must be prefixes with commas between; ${JSON.stringify(range)} is none`,
      )
  return ranges
}
