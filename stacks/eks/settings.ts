import { type CloudSettings, readCloudSettings } from '../cloud/settings.ts'
import { type AgentFlags, readAgentFlags } from '../cluster/agent-flags.ts'
import { type Get, readAll } from '../configuration.ts'

/** What the configuration of a stack on EKS asks for. */
export interface EksSettings extends CloudSettings {
  readonly region: string
  readonly kubernetes: string
  readonly instanceType: string
  readonly flags: AgentFlags
}

/** @param directory what the paths of files are relative to. */
export function readEksSettings(get: Get, directory: string): EksSettings {
  return readAll((mistakes) => ({
    ...readCloudSettings(get, mistakes),
    region: shaped(get, 'region', 'us-east-1', /^[a-z]{2}(-[a-z]+)+-\d$/, mistakes),
    kubernetes: shaped(get, 'kubernetesVersion', '1.34', /^1\.\d{2}$/, mistakes),
    instanceType: shaped(get, 'instanceType', 't3.medium', /^[a-z][a-z0-9-]*\.[a-z0-9]+$/, mistakes),
    flags: readAgentFlags(get, directory, mistakes),
  }))
}

function shaped(get: Get, key: string, example: string, shape: RegExp, mistakes: string[]): string {
  const value = get(key) ?? example
  if (!shape.test(value))
    mistakes.push(`wireproof:${key} must look like ${example}; it is ${JSON.stringify(value)}`)
  return value
}
