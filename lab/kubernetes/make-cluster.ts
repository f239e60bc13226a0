/**
 * Runs where it has a network, mounts and processes to itself: makes a cluster on a disk, and stops it, to be started from a
 * copy.
 *
 *     node make-cluster.ts <disk> <archive of the node image> <shape of the cluster as JSON>
 */
import { spawnSync } from 'node:child_process'
import { openKind } from '@wireproof/kind-js'
import { Problem } from '../problem.ts'
import { startDockerDaemon } from './docker-daemon.ts'
import { type ClusterShape, createCluster } from './stand-up.ts'

const report = (line: string) => process.stderr.write(`  ${line}\n`)
const [disk = '', archive = '', shape = ''] = process.argv.slice(2)
const cluster = JSON.parse(shape) as ClusterShape

const daemon = await startDockerDaemon(disk)
const env = daemon.environment
report('disk: Docker unpacks the image of kind’s nodes …')
const { status } = spawnSync('docker', ['load', '--quiet', '--input', archive], { env, stdio: 'inherit' })
if (status !== 0) throw new Problem('EDISK', 4, 'Docker does not take the image of kind’s nodes')
const kind = await openKind({ environment: env, onNotice: report })
await createCluster(kind, cluster, report)
await kind.stopNodes(cluster.name, { grace: 120 })
await daemon.stop()
