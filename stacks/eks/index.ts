import { fileURLToPath } from 'node:url'
import { getStack, secret } from '@pulumi/pulumi'
import { announce } from '../cloud/announce.ts'
import { nextSteps } from '../cloud/next-steps.ts'
import { EncryptedCluster } from '../cluster/encrypted-cluster.ts'
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
  const { name, region, lifetime, images, flags } = settings
  const { at: end } = new Expiry(`${name}-expiry`, { lifetime })
  announce(eksCost(settings), eksPrices, lifetime, end)
  const tags = { 'wireproof:stack': getStack(), 'wireproof:expires': end }
  const cluster = new EksCluster(name, settings, { end, tags })
  const { agents, wire } = new EncryptedCluster('encrypted', {
    access: {
      kubeconfig: secret(cluster.kubeconfig),
      identifier: cluster.identifier,
      ownCluster: cluster.controlPlane,
    },
    images: { agent: { name: images.agent }, workload: { name: images.workload } },
    place: {
      routing: 'given',
      clusterCidrs: [addresses.nodes],
      wire: wireOfNodes,
      isNetwork: false,
      // Amazon's CNI gives nodes no ranges.
      addresses: 'pods',
    },
    flags,
    readiness: { refuses: true },
    vantage: { kind: 'node', device: wireOfNodes },
  })
  return {
    cluster: name,
    kubeconfig: secret(cluster.kubeconfig),
    expires: end,
    agents,
    wire,
    next: end.apply((moment) =>
      wire.apply((view) =>
        nextSteps(`aws eks update-kubeconfig --name ${name} --region ${region}`, moment, view),
      ),
    ),
  }
}
