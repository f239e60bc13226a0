/** The network of a cluster on GKE: Google gives every node a range of the pods' own. */
export const addresses = {
  nodes: '10.90.0.0/24',
  pods: '10.92.0.0/16',
  services: '10.94.0.0/20',
} as const

/** Of nodes that run Ubuntu. */
export const wireOfNodes = 'ens4'
