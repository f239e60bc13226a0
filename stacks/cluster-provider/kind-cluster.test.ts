import assert from 'node:assert/strict'
import test from 'node:test'
import type { Kind } from '@wireproof/kind-js'
import { type KindClusterInputs, kindCluster } from './kind-cluster.ts'
import type { Watching } from './resource-kind.ts'

const inputs: KindClusterInputs = {
  name: 'lab',
  config: { nodes: [{ role: 'control-plane' }, { role: 'worker' }] },
}

/** kind, with clusters that are nothing but their names and a number for each that was ever made. */
function start({ nodeImage }: { nodeImage?: string } = {}) {
  const clusters = new Map<string, string>()
  const images: (string | undefined)[] = []
  let made = 0
  let failKubeconfig = false
  let state = 'running'
  const kind = {
    provider: 'docker',
    async createCluster({ name, image }: { name: string; image?: string }) {
      images.push(image)
      clusters.set(name, `${(++made).toString().padStart(12, '0')}-and-more`)
    },
    deleteCluster: async (name: string) => clusters.delete(name),
    clusterExists: async (name: string) => clusters.has(name),
    nodes: async (name: string) => [
      {
        name: `${name}-control-plane`,
        id: clusters.get(name),
        role: 'control-plane',
        state,
        addresses: ['172.18.0.2'],
      },
      { name: `${name}-worker`, id: 'f'.repeat(64), role: 'worker', state, addresses: ['172.18.0.3'] },
    ],
    async kubeconfig(name: string) {
      if (failKubeconfig) throw new Error('no kubeconfig')
      return `kubeconfig of ${clusters.get(name)}`
    },
  } as unknown as Kind
  const resource = kindCluster({
    kind: async () => kind,
    nodeImage: async () => nodeImage,
    bridge: async () => 'br-8433c000930b',
    withKubeconfig: (use) => use('/nowhere/kubeconfig'),
  })
  const told: string[] = []
  const tell = (line: string) => told.push(line)
  const watching: Watching = { report: tell, warn: tell, signal: new AbortController().signal }
  return {
    ...{ clusters, images, resource, told, watching },
    failKubeconfig: () => {
      failKubeconfig = true
    },
    stopNodes: () => {
      state = 'exited'
    },
  }
}

test('a cluster tells how it is reached and where its wire is, and its credentials are secret', async () => {
  const { resource, watching } = start()
  const { id, state } = await resource.create(inputs, watching)
  assert.equal(id, 'lab')
  assert.equal(state.bridge, 'br-8433c000930b')
  assert.deepEqual(
    state.nodes.map(({ name, address }) => [name, address]),
    [
      ['lab-control-plane', '172.18.0.2'],
      ['lab-worker', '172.18.0.3'],
    ],
  )
  assert.deepEqual(resource.secrets, ['kubeconfig'])
})

test('nodes are made of the image that was asked for, else of what this machine has', async () => {
  const { resource, watching, images } = start({ nodeImage: 'built-here' })
  await resource.create(inputs, watching)
  await resource.create({ ...inputs, nodeImage: 'kindest/node:v1.34.2' }, watching)
  assert.deepEqual(images, ['built-here', 'kindest/node:v1.34.2'])
})

test('the same configuration is no change, whatever the order of its parts; any other is another cluster', async () => {
  const { resource, watching } = start()
  const { state } = await resource.create(inputs, watching)
  const same = { config: structuredClone(inputs.config), name: 'lab' }
  assert.deepEqual(resource.diff(state, same), { changed: [], replaces: [] })
  const more = { ...inputs, config: { nodes: [...inputs.config.nodes!, { role: 'worker' as const }] } }
  assert.deepEqual(resource.diff(state, more).replaces, ['config'])
  assert.deepEqual(resource.diff(state, { ...inputs, nodeImage: 'other' }).replaces, ['nodeImage'])
  assert.deepEqual(resource.diff(state, { ...inputs, name: 'other' }).replaces, ['name'])
})

test('a cluster that was deleted, or made anew by somebody else, is gone', async () => {
  const { resource, watching, clusters } = start()
  const { state } = await resource.create(inputs, watching)
  assert.equal((await resource.read!(state))?.incarnation, state.incarnation)
  clusters.set('lab', 'somebody-elses')
  assert.equal(await resource.read!(state), undefined)
  clusters.clear()
  assert.equal(await resource.read!(state), undefined)
})

test('a cluster whose nodes were stopped is neither there nor gone: that is said, with what to do', async () => {
  const { resource, watching, stopNodes } = start()
  const { state } = await resource.create(inputs, watching)
  stopNodes()
  await assert.rejects(resource.read!(state), {
    message: /lab-control-plane lab-worker/,
    remedy: /docker start lab-control-plane lab-worker/,
  })
})

test('to delete is to delete this one: of one that is gone nothing is said, and somebody else’s stays', async () => {
  const { resource, watching, clusters, told } = start()
  const { state } = await resource.create(inputs, watching)
  await resource.delete!(state, watching)
  assert.equal(clusters.size, 0)
  await resource.delete!(state, watching)
  clusters.set('lab', 'somebody-elses')
  await resource.delete!(state, watching)
  assert.equal(clusters.size, 1)
  assert.match(told.join(), /another one, and stays/)
})

test('a cluster that Pulumi does not hear of does not stay', async () => {
  const { resource, watching, clusters, failKubeconfig } = start()
  failKubeconfig()
  await assert.rejects(resource.create(inputs, watching), /no kubeconfig/)
  assert.equal(clusters.size, 0)
})

test('what kind would refuse is refused before anything is started', () => {
  const { resource } = start()
  const wrong = { name: 'lab', config: { nodes: [{ role: 'master' }] } } as unknown as KindClusterInputs
  assert.match(JSON.stringify(resource.mistakes!(wrong)), /nodes\[0\]\.role.*control-plane, worker/)
  assert.deepEqual(resource.mistakes!(inputs), [])
})
