import { unlink } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { dirname } from 'node:path'
import type { Guest } from '../lab/kernel.ts'
import type { ClusterShape } from '../lab/kubernetes/stand-up.ts'
import type { Lab } from '../lab/lab.ts'
import { Problem } from '../lab/problem.ts'
import type { SuiteName } from '../lab/suites.ts'
import type { KernelChoice } from '../lab/vm/choose-kernel.ts'
import { report } from './report.ts'

/** How the lab of a demo is called that is a cluster of kind: `kind:<cluster>`. */
const prefix = 'kind:'
/** The cluster a demo stands up for itself. */
const demoCluster = 'wireproof-demo'
const podsPerNode = 2
/** In seconds: what a control plane takes at most where its processor is emulated, and elsewhere. */
const patience = { emulated: 1500, native: 240 }

/** The images that a cluster is made of, as an outer wireproof hands them to the one in a kernel that it booted. */
export interface ClusterImages {
  readonly node: string
  /** Archives of what pods run. */
  readonly archives: readonly string[]
}

/** How the agents of a cluster are called that a kubeconfig leads to: `kubernetes`, or `kubernetes:<context>`. */
export function contextOf(lab: string): string | undefined {
  const [isContext, context = ''] = /^kubernetes(?::(.*))?$/.exec(lab) ?? []
  return isContext === undefined ? undefined : context
}

/** The cluster of a lab's name, or undefined for a lab that is none. */
export function clusterOf(lab: string): string | undefined {
  return lab.startsWith(prefix) ? lab.slice(prefix.length) : undefined
}

/**
 * Which kernel a cluster is to run on: this machine's own where it has ESP, else QEMU. User-Mode Linux has not what Docker
 * needs.
 *
 * @throws Problem for one that cannot hold a cluster.
 */
export async function chooseClusterKernel(request: string): Promise<KernelChoice> {
  const { chooseKernel } = await import('../lab/vm/choose-kernel.ts')
  const choice = await chooseKernel(request)
  if (choice.kind !== 'uml') return choice
  if (request !== 'auto')
    throw new Problem(
      'EKERNEL',
      2,
      'User-Mode Linux cannot hold a cluster',
      'Allowed: host, qemu, qemu:6.12.',
    )
  return { kind: 'qemu', why: choice.why.replace('User-Mode Linux', 'QEMU') }
}

/** Plays in a running cluster. @throws Problem where kind has no such cluster, or nothing can be proven in it. */
export async function playInCluster(cluster: string, play: (lab: Lab) => Promise<number>): Promise<number> {
  const { openKind } = await import('@wireproof/kind-js')
  const { openKindLab, withDemoPods } = await import('../lab/kubernetes/stand-up.ts')
  const { assertProvable } = await import('../demos/provable.ts')
  const { buildImage } = await import('../images/build.ts')
  const kind = await openKind({ onNotice: report })
  const lab = await openKindLab(kind, cluster)
  await assertProvable(lab)
  const { archive } = await buildImage('workload', { report })
  return withDemoPods(kind, cluster, lab, { archives: [archive], podsPerNode }, report, () => play(lab))
}

/** Builds what is missing of the images. */
export async function clusterImages(
  signal: AbortSignal,
): Promise<ClusterImages & { readonly nodeArchive: string; readonly nodeDigest: string }> {
  const { buildImage } = await import('../images/build.ts')
  const node = await buildImage('node', { report, signal })
  const others = [
    await buildImage('agent', { report, signal }),
    await buildImage('workload', { report, signal }),
  ]
  return {
    node: node.names[0]!,
    archives: others.map(({ archive }) => archive),
    nodeArchive: node.archive,
    nodeDigest: node.digest,
  }
}

/** Plays in a cluster that is made for it, or was made for it on the disk of a kernel of ours, and is gone afterwards. */
export async function withCluster(
  images: ClusterImages,
  suite: SuiteName | undefined,
  /** Whether this kernel was booted for it. */
  isOwnKernel: boolean,
  signal: AbortSignal,
  play: (lab: Lab) => Promise<number>,
): Promise<number> {
  const { openKind } = await import('@wireproof/kind-js')
  const { createCluster, furnishCluster } = await import('../lab/kubernetes/stand-up.ts')
  const furnishing = { archives: images.archives, podsPerNode, suite }
  const shape = shapeOf(images, isOwnKernel)
  if (isOwnKernel) {
    const { startDockerDaemon } = await import('../lab/kubernetes/docker-daemon.ts')
    const { guestDisk } = await import('../lab/kubernetes/disk.ts')
    const { environment, leave } = await startDockerDaemon(guestDisk)
    leave()
    const kind = await openKind({ onNotice: report, environment })
    report('cluster: starting the nodes that are on the disk')
    await kind.startNodes(shape.name, { signal, timeout: shape.patience * 1000 })
    return await play(await furnishCluster(kind, shape, furnishing, report, signal))
  }
  const kind = await openKind({ onNotice: report })
  await kind.deleteCluster(shape.name)
  try {
    await createCluster(kind, shape, report, signal)
    return await play(await furnishCluster(kind, shape, furnishing, report, signal))
  } finally {
    await kind.deleteCluster(shape.name)
  }
}

function shapeOf({ node }: ClusterImages, isOwnKernel: boolean): ClusterShape {
  return {
    name: demoCluster,
    nodeImage: node,
    workers: 1,
    patience: isOwnKernel ? patience.emulated : patience.native,
  }
}

/** A kernel in which a cluster can encrypt, with one on its disk. @throws Problem where this machine has too little memory. */
export async function bootClusterKernel(
  version: string | undefined,
  signal: AbortSignal,
): Promise<{ guest: Guest; images: ClusterImages }> {
  const { clusterDisk, copyOfDisk, memoryMib, processors } = await import('../lab/kubernetes/disk.ts')
  const { bootGuest } = await import('../lab/vm/boot.ts')
  const { openKind } = await import('@wireproof/kind-js')
  if (totalmem() < 1.5 * memoryMib * 2 ** 20)
    throw new Problem(
      'EMEMORY',
      3,
      `a cluster in a kernel that is booted takes ${memoryMib / 1024} GiB of memory, and this machine has ${Math.floor(totalmem() / 2 ** 30)}`,
      'Use a machine with more memory, or one whose kernel has ESP.',
    )
  const kind = await openKind({ onNotice: report })
  const images = await clusterImages(signal)
  const visible = [dirname(kind.program)]
  const cluster = shapeOf(images, true)
  const { nodeArchive: archive, nodeDigest: digest } = images
  const disk = await copyOfDisk(await clusterDisk({ cluster, archive, digest, visible, report, signal }))
  try {
    const guest = await bootGuest(
      { kind: 'qemu', ...(version !== undefined && { version }) },
      {
        signal,
        progress: report,
        disk,
        processors,
        memoryMib,
        visible: [...visible, ...images.archives],
      },
    )
    return { guest, images }
  } finally {
    // Open in QEMU, gone with it.
    await unlink(disk)
  }
}
