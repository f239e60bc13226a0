/**
 * How Amazon's CNI has to be for agents beside it. Pods share their node's only interface, since that is the one that agents guard;
 * and it marks no packets: its mark is one of the bits that agents use. It does so for node ports and for translating pods' addresses,
 * so both are off: pods reach what is in the VPC, and nothing beyond.
 */
export const vpcCniEnvironment = {
  MAX_ENI: '1',
  AWS_VPC_CNI_NODE_PORT_SUPPORT: 'false',
  AWS_VPC_K8S_CNI_EXTERNALSNAT: 'true',
} as const

/** Of nodes that run Amazon Linux 2023 on Nitro, which all types of today do. */
export const wireOfNodes = 'ens5'
