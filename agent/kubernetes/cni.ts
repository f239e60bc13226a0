import { join } from 'node:path'
import { replaceFile } from '../cluster/whole-file.ts'
import { textOf } from './directory-mirror.ts'

const fileName = '10-wireproof.conflist'

/**
 * Tells the kubelet how pods are plugged in, by the reference plugins that every node has. Nothing else makes a node ready for
 * pods: it is told once there is an agent to guard them.
 */
export function writeNetworkConfiguration(directory: string, podCidrs: readonly string[]): void {
  const path = join(directory, fileName)
  const text = `${JSON.stringify(networkConfiguration(podCidrs), null, 2)}\n`
  if (textOf(path) !== text) replaceFile(path, text)
}

export function networkConfiguration(podCidrs: readonly string[]) {
  const everywhere = podCidrs.map((prefix) => ({ dst: prefix.includes(':') ? '::/0' : '0.0.0.0/0' }))
  return {
    cniVersion: '0.4.0',
    name: 'wireproof',
    plugins: [
      {
        type: 'ptp',
        ipMasq: false,
        ipam: {
          type: 'host-local',
          dataDir: '/run/wireproof-addresses',
          ranges: podCidrs.map((subnet) => [{ subnet }]),
          routes: everywhere,
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  }
}
