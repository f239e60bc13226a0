import assert from 'node:assert/strict'
import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openKind } from '@wireproof/kind-js'
import { stringify } from 'yaml'
import { settingsManifest } from '../../deploy/kubernetes/manifests.ts'
import { type AgentSettings, defaultSettings } from '../../deploy/kubernetes/settings.ts'
import { buildImage } from '../../images/build.ts'
import { createCluster, furnishCluster } from '../../lab/kubernetes/stand-up.ts'

/** A cluster of kind in which nothing but our agents is the network, made of images that came from no registry. */
export interface KindCluster {
  readonly kubeconfig: string
  /** For files; removed with the cluster. */
  readonly directory: string
  kubectl(argv: readonly string[], input?: string): SpawnSyncReturns<string>
  /** @throws AssertionError with what kubectl says where it fails. */
  apply(...objects: readonly object[]): void
  changeSettings(settings: Partial<AgentSettings>): void
  dispose(): Promise<void>
}

export interface KindClusterOptions {
  readonly name: string
  readonly workers: number
  /** Given the agents before they start. */
  readonly settings?: Partial<AgentSettings>
  /** Archives of images for the nodes, beside the agent’s. */
  readonly archives: readonly string[]
}

const report = () => {}
/** How long anything in it may take, in seconds. */
const patience = 240

/** Every node of it is ready. One of the same name is removed first. */
export async function standUpKindCluster(options: KindClusterOptions): Promise<KindCluster> {
  const { settings = {} } = options
  const bare = await standUpBareCluster(options)
  const changeSettings = (changed: Partial<AgentSettings>) =>
    bare.apply(settingsManifest({ ...defaultSettings, ...settings, ...changed }))
  try {
    const furnishing = { archives: [], podsPerNode: 0, settings }
    await furnishCluster(await openKind(), { name: options.name, patience }, furnishing, report)
    return { ...bare, changeSettings }
  } catch (error) {
    await bare.dispose()
    throw error
  }
}

/** One without a network, and so without a node that is ready; the agent’s image is on its nodes. */
export async function standUpBareCluster({
  name,
  workers,
  archives,
}: Omit<KindClusterOptions, 'settings'>): Promise<Omit<KindCluster, 'changeSettings'>> {
  const directory = mkdtempSync(join(tmpdir(), 'wireproof-cluster-'))
  const kubeconfig = join(directory, 'kubeconfig')
  const kind = await openKind()
  const dispose = async () => {
    await kind.deleteCluster(name)
    rmSync(directory, { recursive: true, force: true })
  }
  const kubectl = (argv: readonly string[], input = '') =>
    spawnSync('kubectl', ['--kubeconfig', kubeconfig, ...argv], { input, encoding: 'utf8' })
  const apply = (...objects: readonly object[]) => {
    const documents = objects.map((each) => stringify(each)).join('---\n')
    assertDone(kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], documents))
  }
  try {
    await kind.deleteCluster(name)
    const node = await buildImage('node', { report })
    const agent = await buildImage('agent', { report })
    await createCluster(kind, { name, nodeImage: node.names[0]!, workers, patience }, report)
    writeFileSync(kubeconfig, await kind.kubeconfig(name), { mode: 0o600 })
    for (const archive of [agent.archive, ...archives]) await kind.loadArchive(name, archive)
    return { kubeconfig, directory, kubectl, apply, dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}

function assertDone({ status, stderr }: SpawnSyncReturns<string>): void {
  assert.equal(status, 0, stderr)
}
