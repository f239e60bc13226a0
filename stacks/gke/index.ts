import { fileURLToPath } from 'node:url'
import { getStack } from '@pulumi/pulumi'
import { agentsBeside } from '../cloud/agents-beside.ts'
import { announce } from '../cloud/announce.ts'
import { labelOf } from '../cloud/lifetime.ts'
import { Expiry } from '../cluster/plugin-resources.ts'
import type { Get } from '../configuration.ts'
import { addresses, wireOfNodes } from './addresses.ts'
import { GkeCluster } from './gke-cluster.ts'
import { gkeCost, gkePrices } from './prices.ts'
import { readGkeSettings } from './settings.ts'

// Pulumi runs the program in its own directory, and paths in the configuration are seen from the project's.
const root = fileURLToPath(new URL('../..', import.meta.url))

/** The stack `gke`: a small cluster on Google's GKE that ends by itself, whose network stays Google's. */
export function program(get: Get) {
  const settings = readGkeSettings(get, root)
  const { name, project, zone, lifetime, flags } = settings
  const { at: end } = new Expiry(`${name}-expiry`, { lifetime })
  announce(gkeCost(settings), gkePrices, lifetime, end)
  const labels = { 'wireproof-stack': getStack(), 'wireproof-expires': end.apply(labelOf) }
  const cluster = new GkeCluster(name, settings, { end, labels })
  return agentsBeside(
    cluster,
    settings,
    flags,
    {
      clusterCidrs: [addresses.pods],
      wire: wireOfNodes,
      addresses: 'ranges',
    },
    end,
    `gcloud container clusters get-credentials ${name} --zone ${zone} --project ${project}`,
  )
}
