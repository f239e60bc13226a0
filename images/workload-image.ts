import { existsSync } from 'node:fs'
import { Problem } from '../lab/problem.ts'
import { labelsOf } from './agent-image.ts'
import type { PreparedImage } from './content/image.ts'
import { fileAt, withLibraries } from './content/libraries.ts'
import { nodeComponent, readLock, runtime } from './content/node-runtime.ts'
import { sbomOf } from './content/sbom.ts'

/**
 * The image of the pods that demos run their programs in: Node, which a demo gives its program to, and ping. It waits
 * until it is ended. It has two names: Kubernetes takes one without a tag for the latest.
 */
export async function workloadImage(
  version: string,
  scratch: string,
  signal?: AbortSignal,
): Promise<PreparedImage> {
  const ping = ['/usr/bin/ping', '/bin/ping'].find((path) => existsSync(path))
  if (ping === undefined)
    throw new Problem('EPING', 3, 'ping is not installed here', 'As root: apt-get install iputils-ping')
  const { entries, debian } = await runtime(scratch, await withLibraries([ping], signal), signal)
  const image = {
    names: [`wireproof-workload:${version}`, 'wireproof-workload:latest'],
    entrypoint: ['node', '-e', 'setInterval(() => {}, 1 << 30)'],
    user: '65534:65534',
    labels: labelsOf('wireproof-workload', version),
    entries: [
      ...entries.filter(({ name }) => name !== ping.slice(1)),
      await fileAt(ping, 'usr/bin/ping', 0o755),
      { type: 'directory', name: 'tmp', mode: 0o1777 } as const,
    ],
  }
  const npm = [nodeComponent(readLock())]
  return { image, sbom: sbomOf({ name: 'wireproof-workload', version }, npm, debian) }
}
