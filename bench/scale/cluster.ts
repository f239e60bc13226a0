import { randomBytes } from 'node:crypto'
import type { ClusterNode } from '../../agent/cluster/state.ts'
import { parseClusterKey } from '../../agent/keys/cluster-key.ts'
import { keyName } from '../../agent/keys/key-name.ts'
import { MemoryCluster } from '../../agent/simulation/memory-cluster.ts'

export const podsPerNode = 20
const settings = { encryptL3: true, strict: true }
/** Pods of the same deployment have the same labels, on whatever node they are. */
const deployments = Array.from({ length: 200 }, (_, at) => ({
  app: `app-${at}`,
  tier: at % 2 ? 'web' : 'data',
}))

export function describeNode(number: number): ClusterNode {
  const [high, low] = [number >> 8, number & 255]
  return {
    name: `n${number}`,
    underlay: `192.168.${high}.${low}`,
    podCidrs: [`10.${high}.${low}.0/24`],
  }
}

export const clusterKeyText = `3+ rfc4106(gcm(aes)) ${randomBytes(20).toString('hex')} 128`

export function emptyCluster(): MemoryCluster {
  return new MemoryCluster({ ...settings, clusterCidrs: ['10.0.0.0/8'] }, parseClusterKey(clusterKeyText))
}

/** A cluster of so many nodes whose agents have all said that they receive and send. */
export function largeCluster(nodes: number): MemoryCluster {
  const cluster = emptyCluster()
  cluster.putNode(describeNode(1))
  for (let number = 2; number <= nodes; number++) join(cluster, number)
  return cluster
}

/** A node comes with its pods, and its agent says at once that it is ready. */
export function join(cluster: MemoryCluster, number: number): void {
  const node = describeNode(number)
  cluster.putNode(node)
  for (let pod = 0; pod < podsPerNode; pod++)
    cluster.putPod({
      name: `p${number}-${pod}`,
      node: node.name,
      addresses: [node.podCidrs[0]!.replace('.0/24', `.${pod + 2}`)],
      labels: deployments[(number * podsPerNode + pod) % deployments.length]!,
    })
  const incarnation = randomBytes(16).toString('hex')
  cluster.publishLife(node.name, incarnation)
  cluster.announce(node.name, {
    incarnation,
    key: keyName(cluster.key),
    receives: Number.MAX_SAFE_INTEGER,
    sends: Number.MAX_SAFE_INTEGER,
    attempts: {},
    datapath: settings,
  })
}

export function leave(cluster: MemoryCluster, number: number): void {
  for (let pod = 0; pod < podsPerNode; pod++) cluster.removePod(`p${number}-${pod}`)
  cluster.removeNode(`n${number}`)
}
