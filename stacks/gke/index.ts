import { fileURLToPath } from 'node:url'
import { getStack, secret } from '@pulumi/pulumi'
import { announce } from '../cloud/announce.ts'
import { labelOf } from '../cloud/lifetime.ts'
import { nextSteps } from '../cloud/next-steps.ts'
import { EncryptedCluster } from '../cluster/encrypted-cluster.ts'
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
  const { name, project, zone, lifetime, images, flags } = settings
  const { at: end } = new Expiry(`${name}-expiry`, { lifetime })
  announce(gkeCost(settings), gkePrices, lifetime, end)
  const labels = { 'wireproof-stack': getStack(), 'wireproof-expires': end.apply(labelOf) }
  const cluster = new GkeCluster(name, settings, { end, labels })
  const { agents, wire } = new EncryptedCluster('encrypted', {
    access: {
      kubeconfig: secret(cluster.kubeconfig),
      identifier: cluster.identifier,
      ownCluster: cluster.controlPlane,
    },
    images: { agent: { name: images.agent }, workload: { name: images.workload } },
    place: {
      routing: 'given',
      clusterCidrs: [addresses.pods],
      wire: wireOfNodes,
      isNetwork: false,
      addresses: 'ranges',
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
        nextSteps(
          `gcloud container clusters get-credentials ${name} --zone ${zone} --project ${project}`,
          moment,
          view,
        ),
      ),
    ),
  }
}
