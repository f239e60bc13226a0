import type { Output } from '@pulumi/pulumi'
import type { CloudResource } from '../cloud/cloud-resource.ts'
import type { Declare } from '../cloud/declare.ts'
import { addresses } from './addresses.ts'
import type { GkeSettings } from './settings.ts'

export interface Network {
  readonly network: Output<string>
  readonly subnetwork: Output<string>
  readonly firewall: CloudResource
}

export function declareNetwork(declare: Declare, { name, region }: GkeSettings): Network {
  const network = declare('gcp:compute/network:Network', 'network', { name, autoCreateSubnetworks: false })
  const subnetwork = declare('gcp:compute/subnetwork:Subnetwork', 'nodes', {
    name,
    region,
    network: network.id,
    ipCidrRange: addresses.nodes,
    secondaryIpRanges: [
      { rangeName: 'pods', ipCidrRange: addresses.pods },
      { rangeName: 'services', ipCidrRange: addresses.services },
    ],
  })
  // GKE's own rules let TCP, UDP and ICMP pass between nodes, and no ESP.
  const firewall = declare('gcp:compute/firewall:Firewall', 'esp', {
    name: `${name}-esp`,
    network: network.id,
    direction: 'INGRESS',
    description: 'ESP, and ESP in UDP, between nodes',
    allows: [{ protocol: 'esp' }, { protocol: 'udp', ports: ['4500'] }],
    sourceTags: [tagOf(name)],
    targetTags: [tagOf(name)],
  })
  return { network: network.id, subnetwork: subnetwork.id, firewall }
}

/** Of nodes: firewall rules are for whoever has it. */
export const tagOf = (name: string) => `${name}-node`
