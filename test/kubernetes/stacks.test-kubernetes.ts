import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, before, describe, test } from 'node:test'
import { buildImage } from '../../images/build.ts'
import { eventually } from '../eventually.ts'
import { PulumiUser } from '../pulumi/project.ts'
import { standUpBareCluster } from './kind-cluster.ts'

/** The stack `existing` with the real Pulumi CLI, in a cluster of kind that has no network until agents are it. */

const name = 'wireproof-existing'
const nodes = [`${name}-control-plane`, `${name}-worker`]
let cluster: Awaited<ReturnType<typeof standUpBareCluster>>
let user: PulumiUser
/** Where Pulumi's plugin for Kubernetes leaves credentials, left to itself. */
const kubeconfigs = () => readdirSync(tmpdir()).filter((file) => /^kubeconfig\d+$/.test(file))
const earlierKubeconfigs = kubeconfigs()

before(async () => {
  const { archive } = await buildImage('workload', { report: () => {} })
  cluster = await standUpBareCluster({ name, workers: 1, archives: [archive] })
  user = new PulumiUser({}, 'existing')
  await user.selectStack()
  await user.configure({ kubeconfig: cluster.kubeconfig })
})
after(async () => {
  user?.remove()
  await cluster?.dispose()
})

const kubectl = (...argv: string[]) => cluster.kubectl(argv)
const inNode = (node: string, ...argv: string[]) =>
  spawnSync('docker', ['exec', node, ...argv], { encoding: 'utf8' }).stdout
const agentsThere = () => kubectl('get', 'daemonset', '-A', '-o', 'name').stdout.includes('wireproof-agent')
/** Whether this machine's kernel can encrypt. */
let encrypts = false

async function agreed(operation: Promise<{ code: number; output: string }>): Promise<string> {
  const { code, output } = await operation
  assert.equal(code, 0, output)
  return output
}

describe('a cluster of others’', () => {
  test('is left alone while it has no network, and the sentence says what to set', async () => {
    const { code, output } = await user.up()
    assert.notEqual(code, 0)
    assert.match(output, /no node is ready, as in a cluster that has no network/)
    assert.match(output, /config set wireproof:network ours/)
    assert.equal(agentsThere(), false)
  })

  test('gets no agent where a kernel cannot encrypt, unless that is said to be well', async () => {
    await user.configure({ network: 'ours' })
    const { code, output } = await user.up()
    encrypts = code === 0
    if (encrypts) return
    assert.match(output, new RegExp(`on ${nodes.join(', ')}: this kernel cannot encrypt`))
    assert.match(output, /wireproof:withoutEsp to guard/)
    assert.equal(agentsThere(), false)
    assert.equal(kubectl('get', 'pods', '-n', 'wireproof-system', '-o', 'name').stdout, '')
  })

  test('gets agents on every node, which say what they do', async () => {
    await user.configure({ withoutEsp: 'guard' })
    await agreed(user.up())
    const { agents } = (await user.outputs()) as { agents: { node: string; reason: string }[] }
    assert.deepEqual(
      agents.map(({ node, reason }) => [node, reason]),
      nodes.map((node) => [node, encrypts ? 'Permissive' : 'NoESP']),
    )
    await eventually(() => assert.doesNotMatch(kubectl('get', 'nodes', '--no-headers').stdout, /NotReady/), {
      withinMs: 60_000,
      everyMs: 500,
    })
  })

  test('leaves no credentials in temporary files', () => {
    assert.deepEqual(kubeconfigs(), earlierKubeconfigs)
  })

  test('up again changes nothing', async () => {
    assert.match(await agreed(user.up('--expect-no-changes')), /unchanged/)
  })

  test('its credentials and its key are in no output and not in clear in the state', async () => {
    const key = kubectl(
      'get',
      'secret',
      '-n',
      'wireproof-system',
      'wireproof-key',
      '-o',
      'jsonpath={.data.key}',
    )
    const material = /[0-9a-f]{40}/.exec(Buffer.from(key.stdout, 'base64').toString())![0]
    const credential = /client-key-data: (\S{60})/.exec(kubectl('config', 'view', '--raw').stdout)![1]!
    const [shown, kept] = [JSON.stringify(await user.outputs()), JSON.stringify(user.resources())]
    for (const secret of [material, credential])
      assert.deepEqual([shown.includes(secret), kept.includes(secret)], [false, false])
    // The same search finds what is no secret.
    assert.ok(kept.includes('wireproof-agent:0.1.0'))
  })

  test('another setting changes it in place', async () => {
    const before = kubectl('get', 'daemonset', '-n', 'wireproof-system', '-o', 'jsonpath={..uid}').stdout
    await user.configure({ strict: 'true' })
    assert.match(await agreed(user.up()), /wireproof:strict is true/)
    const settings = kubectl('get', 'configmap', '-n', 'wireproof-system', 'wireproof-settings', '-o', 'yaml')
    assert.match(settings.stdout, /"strict":true/)
    assert.equal(
      kubectl('get', 'daemonset', '-n', 'wireproof-system', '-o', 'jsonpath={..uid}').stdout,
      before,
    )
  })

  test('what somebody took away is noticed by refresh, and put back', async () => {
    kubectl('delete', 'configmap', '-n', 'wireproof-system', 'wireproof-settings')
    assert.match(await agreed(user.refresh()), /1 deleted/)
    assert.match(await agreed(user.up()), /1 created/)
  })

  test('is as it was once they are taken back: nothing of theirs is in any kernel', async () => {
    assert.match(inNode(nodes[0]!, 'tc', 'filter', 'show', 'dev', 'eth0', 'egress'), /bpf/)
    await agreed(user.destroy())
    for (const node of nodes) {
      for (const direction of ['ingress', 'egress'])
        assert.doesNotMatch(inNode(node, 'tc', 'filter', 'show', 'dev', 'eth0', direction), /bpf/)
      assert.doesNotMatch(inNode(node, 'ip', 'route'), /blackhole/)
    }
    const left = kubectl('get', 'namespaces,clusterroles,crd', '-o', 'name').stdout
    assert.doesNotMatch(left, /wireproof/)
    assert.deepEqual(
      user.resources().map(({ type }) => type),
      [],
    )
  })

  test('keeps the network it has: agents beside it plug nothing in and make no way to pods', async () => {
    // What plugs pods in is there since agents were the network; how pods of other nodes are reached is for somebody else to say.
    const rangeOf = (node: string) => kubectl('get', 'node', node, '-o', 'jsonpath={.spec.podCIDR}').stdout
    const addressOf = (node: string) =>
      /src (\S+)/.exec(inNode(node, 'ip', '-o', 'route', 'get', '1.1.1.1'))![1]!
    for (const [node, other] of [nodes, [...nodes].reverse()] as [string, string][])
      inNode(node, 'ip', 'route', 'replace', rangeOf(other), 'via', addressOf(other))
    await user.configure({ network: 'theirs', strict: 'false' })
    await agreed(user.up())
    const set = kubectl('get', 'daemonset', '-n', 'wireproof-system', '-o', 'yaml').stdout
    assert.ok(set.includes('--pods=routes') && !set.includes('--cni'))
    const settings = kubectl('get', 'configmap', '-n', 'wireproof-system', 'wireproof-settings', '-o', 'yaml')
    assert.match(settings.stdout, /"routing":"given"/)
    for (const node of nodes)
      assert.equal(inNode(node, 'ip', 'route').match(/ via /g)?.length, 2, 'the default route and theirs')
    const pods = kubectl(
      ...['get', 'pods', '-n', 'wireproof-demo', '-o'],
      'jsonpath={range .items[*]}{.metadata.name} {.status.podIP} {end}',
    ).stdout.split(' ')
    const ping = kubectl('exec', '-n', 'wireproof-demo', pods[0]!, '--', 'ping', '-c', '3', pods[3]!)
    assert.match(ping.stdout, /3 (packets )?received/)
    await agreed(user.destroy())
  })

  test('Ctrl-C leaves what destroy takes back', async () => {
    const { ended, pressCtrlC } = user.start(
      ...['up', '--yes', '--skip-preview', '--config-file', user.configFile],
    )
    await eventually(() => assert.ok(agentsThere()), { withinMs: 120_000, everyMs: 200 })
    pressCtrlC()
    assert.notEqual((await ended).code, 0)
    await agreed(user.destroy())
    assert.doesNotMatch(kubectl('get', 'namespaces,clusterroles,crd', '-o', 'name').stdout, /wireproof/)
    for (const node of nodes)
      assert.doesNotMatch(inNode(node, 'tc', 'filter', 'show', 'dev', 'eth0', 'egress'), /bpf/)
  })
})
