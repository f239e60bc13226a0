import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openKind } from '@wireproof/kind-js'
import { buildImage } from '../../images/build.ts'
import { command } from '../../images/command.ts'
import { nodeImageName } from '../../images/node/build.ts'
import { registryInReach } from '../../images/registry.ts'
import { ImageStore } from '../../images/store.ts'
import { run } from '../../setup/pulumi/run.ts'
import { currentImage } from '../cluster/image-sources.ts'
import type { KindMachine } from './kind-cluster.ts'
import type { ImageMachine } from './loaded-image.ts'
import type { Watching } from './resource-kind.ts'

/** This machine: its Docker, kind, and the images in this user's cache. */
export const machine: KindMachine & ImageMachine = {
  kind: (signal) => openKind(signal ? { signal } : {}),

  async nodeImage(watching) {
    const name = nodeImageName()
    if (await isInDocker(name)) return name
    const stored = await new ImageStore().get('node')
    // Where a registry can be asked, kind takes the official image from there.
    if (!stored?.names.includes(name) && (await registryInReach(watching.signal))) return undefined
    const { archive } = await buildImage('node', watching)
    if (!(await isInDocker(name)))
      await command('docker load', ['docker', 'load', '--input', archive], watching)
    return name
  },

  async bridge({ provider }) {
    if (provider !== 'docker') return undefined
    const { code, stdout } = await run('docker', ['network', 'inspect', '--format', '{{.Id}}', 'kind'])
    return code === 0 ? `br-${stdout.slice(0, 12)}` : undefined
  },

  async withKubeconfig(use) {
    const directory = await mkdtemp(join(tmpdir(), 'wireproof-kubeconfig-'))
    try {
      return await use(join(directory, 'kubeconfig'))
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  },

  image: (kind, builtFrom, watching: Watching) => currentImage(kind, builtFrom, watching),
}

async function isInDocker(image: string): Promise<boolean> {
  return (await run('docker', ['image', 'inspect', image])).code === 0
}
