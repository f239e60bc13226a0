import { fileURLToPath } from 'node:url'
import { getStack } from '@pulumi/pulumi'
import { agentsBeside } from '../cloud/agents-beside.ts'
import { announce } from '../cloud/announce.ts'
import { Expiry } from '../cluster/plugin-resources.ts'
import type { Get } from '../configuration.ts'
import { addresses } from './addresses.ts'
import { EksCluster } from './eks-cluster.ts'
import { eksCost, eksPrices } from './prices.ts'
import { readEksSettings } from './settings.ts'
import { wireOfNodes } from './vpc-cni.ts'

// Pulumi runs the program in its own directory, and paths in the configuration are seen from the project's.
const root = fileURLToPath(new URL('../..', import.meta.url))

/** The stack `eks`: a small cluster on Amazon's EKS that ends by itself, whose network stays Amazon's. */
export function program(get: Get) {
  const settings = readEksSettings(get, root)
  const { name, region, lifetime, flags } = settings
  const { at: end } = new Expiry(`${name}-expiry`, { lifetime })
  announce(eksCost(settings), eksPrices, lifetime, end)
  const tags = { 'wireproof:stack': getStack(), 'wireproof:expires': end }
  const cluster = new EksCluster(name, settings, { end, tags })
  return agentsBeside(
    cluster,
    settings,
    flags,
    {
      clusterCidrs: [addresses.nodes],
      wire: wireOfNodes,
      // Amazon's CNI gives nodes no ranges.
      addresses: 'pods',
    },
    end,
    `aws eks update-kubeconfig --name ${name} --region ${region}`,
  )
}
