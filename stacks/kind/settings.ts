import type { ClusterConfig } from '@wireproof/kind-js'
import { type AgentFlags, readAgentFlags } from '../cluster/agent-flags.ts'
import { type Get, readAll, wholeNumber } from '../configuration.ts'
import { mistakeInName } from '../lab-inputs.ts'

/** What the configuration of a stack of kind asks for. */
export interface KindSettings {
  readonly name: string
  readonly config: ClusterConfig
  /** Left out: the one that this machine has or can have. */
  readonly nodeImage?: string
  readonly flags: AgentFlags
}

/** @param directory what the paths of files are relative to. */
export function readKindSettings(get: Get, directory: string): KindSettings {
  return readAll((mistakes) => {
    const name = get('name') ?? 'wireproof'
    const mistake = mistakeInName(name)
    if (mistake) mistakes.push(`wireproof:name ${mistake}`)
    const workers = wholeNumber('workers', get('workers'), { fallback: 1, least: 0, most: 20 }, mistakes)
    const nodeImage = get('nodeImage')
    return {
      name,
      config: {
        // Our agents are the network.
        networking: { disableDefaultCNI: true },
        nodes: [
          { role: 'control-plane' },
          ...Array.from({ length: workers }, () => ({ role: 'worker' as const })),
        ],
      },
      ...(nodeImage && { nodeImage }),
      flags: readAgentFlags(get, directory, mistakes),
    }
  })
}
