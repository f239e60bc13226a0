import assert from 'node:assert/strict'
import test, { before } from 'node:test'
import { agentManifests } from '../../deploy/kubernetes/manifests.ts'
import { defaultSettings } from '../../deploy/kubernetes/settings.ts'
import { type Declared, everythingDeclared, mockedKey, mockPulumi } from '../mocks.ts'

let declared: Declared[]

/** What the resources that matter here become. */
const states: Readonly<Record<string, Record<string, unknown>>> = {
  'wireproof-cluster:index:KindCluster': {
    incarnation: 'abc',
    kubeconfig: 'a kubeconfig',
    nodes: [],
    bridge: 'br-1',
  },
  'wireproof-cluster:index:LoadedImage': { name: 'wireproof-agent:0.1.0', digest: 'sha256:1234' },
}

let outputs: Record<string, unknown>

before(async () => {
  declared = await mockPulumi('kind', states)
  const { program } = await import('./index.ts')
  outputs = program((key) => ({ name: 'mine', scope: 'nodes' })[key])
  await everythingDeclared()
})

const ofKind = (kind: string) =>
  declared.filter(({ type }) => type.startsWith('kubernetes:') && type.endsWith(`:${kind}`))

test('what is declared is what the manifests have, and nothing else of the agent’s', () => {
  const objects = declared.filter(
    ({ type, name }) => type.startsWith('kubernetes:') && name.startsWith('agent-'),
  )
  const wanted = agentManifests(defaultSettings).map(({ kind, metadata }) => `${kind}/${metadata.name}`)
  assert.deepEqual(
    objects.map(({ inputs }) => `${inputs.kind}/${(inputs.metadata as { name: string }).name}`).sort(),
    [...wanted, 'Secret/wireproof-key', 'EncryptionPolicy/pods-and-nodes'].sort(),
  )
})

test('agents are of the image that was loaded, and another digest makes other pods', () => {
  const [set] = ofKind('DaemonSet').filter(({ name }) => name.startsWith('agent-'))
  const { template } = set!.inputs.spec as {
    template: { metadata: { annotations: object }; spec: { containers: { image: string }[] } }
  }
  assert.deepEqual(template.metadata.annotations, { 'wireproof.dev/image-digest': 'sha256:1234' })
  assert.equal(template.spec.containers[0]!.image, 'wireproof-agent:0.1.0')
})

test('the cluster that is asked for is one whose network is ours', () => {
  const [cluster] = declared.filter(({ type }) => type.endsWith(':KindCluster'))
  assert.deepEqual(cluster!.inputs, {
    name: 'mine',
    config: {
      networking: { disableDefaultCNI: true },
      nodes: [{ role: 'control-plane' }, { role: 'worker' }],
    },
  })
})

test('nothing but the Secret gets the key, and nobody is shown credentials', async () => {
  const holders = declared.filter(({ inputs }) =>
    JSON.stringify(inputs).includes(mockedKey.trim().slice(-20)),
  )
  assert.deepEqual(
    holders.map(({ name }) => name),
    ['agent-secret-wireproof-key'],
  )
  const { isSecret } = outputs.kubeconfig as { isSecret: Promise<boolean> }
  assert.equal(await isSecret, true)
})
