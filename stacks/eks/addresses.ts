/**
 * The network of a cluster on EKS. The cluster's own interfaces are in subnets apart: agents hold back what goes to an address of the
 * pods' range that no node or pod has, and the API server's addresses are none of either.
 */
export const addresses = {
  vpc: '10.90.0.0/16',
  /** EKS wants them in two zones. */
  controlPlane: ['10.90.0.0/26', '10.90.0.64/26'],
  /** In one zone, so that nodes reach each other on one link, and no traffic between zones is paid for. Pods have theirs from it, too. */
  nodes: '10.90.16.0/20',
} as const
