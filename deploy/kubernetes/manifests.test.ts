import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseOptions } from '../../agent/options.ts'
import { parseEncryptionPolicies } from '../../agent/scope/parse.ts'
import { manifestFiles } from './files.ts'
import { agentManifests } from './manifests.ts'
import { nodeTask } from './node-task.ts'
import type { KubernetesObject } from './object.ts'
import { defaultSettings } from './settings.ts'

test('the files are what the manifests say: node deploy/kubernetes/write.ts', () => {
  const written = readdirSync(new URL('.', import.meta.url)).filter((name) => name.endsWith('.yaml'))
  const wanted = manifestFiles()
  assert.deepEqual(written.sort(), Object.keys(wanted).sort())
  for (const [name, text] of Object.entries(wanted))
    assert.equal(readFileSync(new URL(name, import.meta.url), 'utf8'), text, name)
})

interface Container {
  readonly name: string
  readonly args: readonly string[]
  readonly command: readonly string[]
  readonly securityContext: {
    readonly privileged?: boolean
    readonly capabilities: { readonly drop: readonly string[]; readonly add?: readonly string[] }
    readonly readOnlyRootFilesystem: boolean
  }
  readonly volumeMounts: readonly { readonly name: string }[]
}

function podSpec(objects: readonly KubernetesObject[]) {
  const set = objects.find(({ kind }) => kind === 'DaemonSet') as unknown as {
    spec: { template: { spec: { containers: Container[]; initContainers: Container[] } } }
  }
  return set.spec.template.spec
}

test('whoever may change the kernel has no token, and whoever has a token may not change the kernel', () => {
  const { containers, initContainers } = podSpec(agentManifests(defaultSettings))
  for (const { name, securityContext, volumeMounts } of [...containers, ...initContainers]) {
    const mounts = volumeMounts.map((mount) => mount.name)
    assert.equal(securityContext.privileged, undefined)
    assert.equal(securityContext.readOnlyRootFilesystem, true)
    assert.deepEqual(securityContext.capabilities.drop, ['ALL'])
    assert.equal(mounts.includes('token'), name !== 'agent')
    assert.equal(mounts.includes('key'), name === 'agent')
    assert.equal((securityContext.capabilities.add ?? []).length > 0, name === 'agent')
  }
})

test('the agent understands the flags it is given', () => {
  const agent = podSpec(agentManifests(defaultSettings)).containers.find(({ name }) => name === 'agent')!
  const options = parseOptions(agent.args)
  assert.deepEqual(
    [options.revisions, options.withoutEsp, options.wire, options.key],
    ['assigned', 'guard', 'eth0', '/etc/wireproof/key'],
  )
})

test('what is encrypted by default is understood by agents, and covers pods and nodes', () => {
  const [policy] = parseEncryptionPolicies(manifestFiles()['scope.yaml'])
  assert.deepEqual([policy?.pods, policy?.nodes], ['all', []])
  assert.doesNotMatch(manifestFiles()['kustomization.yaml']!, /scope/, 'its kind is not known yet then')
})

test('beside another network nothing tells the kubelet how pods are plugged in', () => {
  const mirrorOf = (changed: Partial<typeof defaultSettings>) => {
    const spec = podSpec(agentManifests({ ...defaultSettings, ...changed }))
    return JSON.stringify([spec.containers.find(({ name }) => name === 'mirror'), spec])
  }
  assert.match(mirrorOf({ isNetwork: true }), /--cni=.*\/etc\/cni\/net\.d/)
  assert.doesNotMatch(mirrorOf({ isNetwork: false }), /cni/)
  assert.doesNotMatch(mirrorOf({}), /--addresses/)
  assert.match(mirrorOf({ addresses: 'pods' }), /--addresses=pods/)
})

test('what is done once on a node may do what its agent may, and no more', () => {
  const agent = podSpec(agentManifests(defaultSettings)).containers.find(({ name }) => name === 'agent')!
  const { spec } = nodeTask({ name: 'look', node: 'n1', image: 'i', command: ['node'] }) as unknown as {
    spec: { containers: Container[]; nodeName: string; automountServiceAccountToken: boolean }
  }
  assert.deepEqual(spec.containers[0]!.securityContext, agent.securityContext)
  assert.deepEqual([spec.nodeName, spec.automountServiceAccountToken], ['n1', false])
})

test('the kubelet asks the agent where it listens, on loopback, and starts no program for it', () => {
  const [agent] = podSpec(agentManifests(defaultSettings)).containers
  const port = Number(parseOptions(agent!.args).metrics?.port)
  const { startupProbe, livenessProbe, readinessProbe } = agent as unknown as Record<string, Probe>
  for (const probe of [startupProbe, livenessProbe, readinessProbe])
    assert.deepEqual([probe?.httpGet?.host, probe?.httpGet?.port], ['127.0.0.1', port])
})

interface Probe {
  readonly httpGet?: { readonly host: string; readonly port: number }
}

test('nothing that the agents may do is said by a wildcard', () => {
  for (const { kind, rules } of agentManifests(defaultSettings)) {
    if (kind !== 'ClusterRole' && kind !== 'Role') continue
    assert.ok(Array.isArray(rules) && rules.length > 0)
    assert.ok(!JSON.stringify(rules).includes('"*"'))
    assert.ok(!JSON.stringify(rules).includes('secrets'))
  }
})
