import assert from 'node:assert/strict'
import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openKind } from '@wireproof/kind-js'
import { stringify } from 'yaml'
import { keyManifest, settingsManifest } from '../../deploy/kubernetes/manifests.ts'
import { type AgentSettings, defaultSettings } from '../../deploy/kubernetes/settings.ts'
import { buildImage } from '../../images/build.ts'
import { newClusterKey } from '../../lab/suites.ts'

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

const deploy = fileURLToPath(new URL('../../deploy/kubernetes', import.meta.url))
const report = () => {}

/** Every node of it is ready. One of the same name is removed first. */
export async function standUpKindCluster(options: KindClusterOptions): Promise<KindCluster> {
  const { name, workers, settings = {}, archives } = options
  const directory = mkdtempSync(join(tmpdir(), 'wireproof-cluster-'))
  const kubeconfig = join(directory, 'kubeconfig')
  const kind = await openKind()
  const dispose = async () => {
    await kind.deleteCluster(name)
    rmSync(directory, { recursive: true, force: true })
  }
  const kubectl = (argv: readonly string[], input = '') =>
    spawnSync('kubectl', ['--kubeconfig', kubeconfig, ...argv], { input, encoding: 'utf8' })
  const done = ({ status, stderr }: SpawnSyncReturns<string>) => assert.equal(status, 0, stderr)
  const apply = (...objects: readonly object[]) => {
    const documents = objects.map((each) => stringify(each)).join('---\n')
    done(kubectl(['apply', '--server-side', '-f', '-'], documents))
  }
  const changeSettings = (changed: Partial<AgentSettings>) =>
    apply(settingsManifest({ ...defaultSettings, ...settings, ...changed }))
  try {
    await kind.deleteCluster(name)
    const node = await buildImage('node', { report })
    const agent = await buildImage('agent', { report })
    await kind.createCluster({
      name,
      image: node.names[0]!,
      kubeconfig,
      config: {
        networking: { disableDefaultCNI: true },
        nodes: [
          { role: 'control-plane' },
          ...Array.from({ length: workers }, () => ({ role: 'worker' }) as const),
        ],
      },
    })
    for (const archive of [agent.archive, ...archives]) await kind.loadArchive(name, archive)
    done(kubectl(['apply', '--server-side', '-k', deploy]))
    changeSettings({})
    apply(keyManifest(newClusterKey(3, 'aes-gcm-128')))
    await kind.waitUntilReady(name)
    return { kubeconfig, directory, kubectl, apply, changeSettings, dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}
