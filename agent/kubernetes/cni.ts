import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile } from '../cluster/whole-file.ts'
import { encryptionOverhead, suites } from '../keys/suite.ts'
import { vxlanOverhead } from '../plan/overlay.ts'
import { textOf } from './directory-mirror.ts'

const fileName = '10-wireproof.conflist'

/**
 * Tells the kubelet how pods are plugged in, by the reference plugins that every node has. Nothing else makes a node ready for
 * pods: it is told once there is an agent to guard them.
 */
export function writeNetworkConfiguration(
  directory: string,
  podCidrs: readonly string[],
  wireMtu: number,
): void {
  const path = join(directory, fileName)
  const text = `${JSON.stringify(networkConfiguration(podCidrs, wireMtu - overhead), null, 2)}\n`
  if (textOf(path) !== text) replaceFile(path, text)
}

/** By the name of a device. */
export function mtuOf(device: string): number {
  return Number(readFileSync(`/sys/class/net/${device}/mtu`, 'utf8'))
}

/** By which packets get longer at most, whatever suite and routing are changed to while pods live. */
const overhead =
  Math.max(...Object.values(suites).map((suite) => encryptionOverhead(suite, 'ipv6'))) + vxlanOverhead(6)

/** @param mtu of pods. */
export function networkConfiguration(podCidrs: readonly string[], mtu: number) {
  const everywhere = podCidrs.map((prefix) => ({ dst: prefix.includes(':') ? '::/0' : '0.0.0.0/0' }))
  return {
    cniVersion: '0.4.0',
    name: 'wireproof',
    plugins: [
      {
        type: 'ptp',
        ipMasq: false,
        mtu,
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
