import { type Get, wholeNumber } from '../configuration.ts'
import { mistakeInName } from '../lab-inputs.ts'
import { readLifetime } from './lifetime.ts'

/** What stacks of all clouds ask their configuration for. */
export interface CloudSettings {
  readonly name: string
  readonly nodes: number
  /** Milliseconds after which the cluster ends by itself. */
  readonly lifetime: number
  /** Who may reach the API server. */
  readonly apiAccess: readonly string[]
  readonly images: { readonly agent: string; readonly workload: string }
}

export function readCloudSettings(get: Get, mistakes: string[]): CloudSettings {
  const name = get('name') ?? 'wireproof'
  const mistake = mistakeInName(name)
  if (mistake) mistakes.push(`wireproof:name ${mistake}`)
  return {
    name,
    nodes: wholeNumber('nodes', get('nodes'), { fallback: 2, least: 1, most: 10 }, mistakes),
    lifetime: readLifetime(get('ttl'), mistakes),
    apiAccess: readNetworks(get('apiAccess') ?? '0.0.0.0/0', mistakes),
    images: {
      agent: image(get, 'agentImage', mistakes),
      workload: image(get, 'workloadImage', mistakes),
    },
  }
}

function image(get: Get, key: string, mistakes: string[]): string {
  const name = get(key) ?? ''
  // Without a registry's name in front it would be one of Docker Hub's.
  if (!/^[^/\s]+[.:][^/\s]*\/\S+$/.test(name))
    mistakes.push(
      `wireproof:${key} must be an image in a registry that the cluster’s nodes can pull from, such as ` +
        `<registry>/wireproof-agent:0.1.0; it is ${name ? JSON.stringify(name) : 'not set'}`,
    )
  return name
}

function readNetworks(text: string, mistakes: string[]): readonly string[] {
  const networks = text.split(',').map((each) => each.trim())
  for (const network of networks)
    if (!/^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/.test(network))
      mistakes.push(
        `wireproof:apiAccess must be IPv4 prefixes with commas between; ${JSON.stringify(network)} is none`,
      )
  return networks
}
