import { type CloudSettings, readCloudSettings } from '../cloud/settings.ts'
import { type AgentFlags, readAgentFlags } from '../cluster/agent-flags.ts'
import { type Get, readAll } from '../configuration.ts'

/** What the configuration of a stack on GKE asks for. */
export interface GkeSettings extends CloudSettings {
  readonly project: string
  readonly zone: string
  readonly region: string
  readonly machineType: string
  readonly flags: AgentFlags
}

/** @param directory what the paths of files are relative to. */
export function readGkeSettings(get: Get, directory: string): GkeSettings {
  return readAll((mistakes) => {
    const zone = get('zone') ?? 'us-central1-a'
    if (!/^[a-z]+-[a-z]+\d-[a-z]$/.test(zone))
      mistakes.push(`wireproof:zone must look like us-central1-a; it is ${JSON.stringify(zone)}`)
    const project = get('project') ?? ''
    if (!/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/.test(project))
      mistakes.push(
        `wireproof:project must be the id of a project of yours; it is ${project ? JSON.stringify(project) : 'not set'}`,
      )
    const machineType = get('machineType') ?? 'e2-standard-2'
    if (!/^[a-z]\w+-[a-z0-9-]+$/.test(machineType))
      mistakes.push(
        `wireproof:machineType must look like e2-standard-2; it is ${JSON.stringify(machineType)}`,
      )
    return {
      ...readCloudSettings(get, mistakes),
      project,
      zone,
      region: zone.slice(0, -2),
      machineType,
      flags: readAgentFlags(get, directory, mistakes),
    }
  })
}
