import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Outcome, root, run, wireproof } from './wireproof.ts'

/**
 * The stock `hubble` command, downloaded or built by `npm run hubble`, against the agents of a lab. Where it has to be
 * built first, that takes minutes, once.
 */

const lab = 'hubbletest'

/** A line of `hubble observe -o json`. */
interface Line {
  readonly flow: {
    readonly verdict: string
    /** A field that is false is left out. */
    readonly IP: { readonly source: string; readonly destination: string; readonly encrypted?: true }
    readonly source: { readonly pod_name?: string; readonly labels: readonly string[] }
    readonly destination: { readonly pod_name?: string }
    readonly event_type: { readonly type: number; readonly sub_type?: number }
  }
  readonly node_name: string
}

const topology = {
  nodes: [{ name: 'n1' }, { name: 'n2' }],
  pods: [
    { name: 'a1', node: 'n1', labels: { app: 'a' } },
    { name: 'b1', node: 'n2', labels: { app: 'b' } },
  ],
}

function inLab(target: string, ...command: string[]): Promise<Outcome> {
  return wireproof(['exec', '--lab', lab, target, '--', ...command])
}

async function hubble(...arguments_: string[]): Promise<string> {
  const { code, stdout, stderr } = await inLab('n1', join(root, 'node_modules/.bin/hubble'), ...arguments_)
  assert.equal(code, 0, stderr)
  return stdout
}

async function observe(...filters: string[]): Promise<Line[]> {
  const lines = (await hubble('observe', '-o', 'json', '--last', '100', ...filters)).split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line))
}

async function ping(): Promise<void> {
  const { code, stdout, stderr } = await inLab('a1', 'ping', '-c', '3', '-i', '0.1', '-W', '2', 'b1')
  assert.equal(code, 0, stdout + stderr)
}

async function up(...flags: string[]): Promise<void> {
  const arguments_ = ['up', '--name', lab, '--topology', '-', ...flags]
  const { code, stderr } = await wireproof(arguments_, { input: JSON.stringify(topology) })
  assert.equal(code, 0, stderr)
}

describe('the stock hubble command', () => {
  before(async () => {
    const { code, stderr } = await run([process.execPath, join(root, 'setup/hubble/main.ts')])
    assert.equal(code, 0, stderr)
    await up()
    await ping()
  })
  after(() => wireproof(['down', lab]))

  test('finds the agent healthy, and the nodes of the cluster', async () => {
    assert.match(await hubble('status'), /^Healthcheck .*n1\.hubble\.sock\): Ok\nCurrent\/Max Flows: [1-9]/)
    const nodes = JSON.parse(await hubble('list', 'nodes', '-o', 'json'))
    assert.deepEqual(
      nodes.map(({ name }: { name: string }) => name),
      ['n1', 'n2'],
    )
  })

  test('observes what pods send each other as encrypted, and nothing unencrypted', async () => {
    const encrypted = await observe('--encrypted', '--from-pod', 'a1')
    assert.ok(encrypted.length > 0)
    for (const { flow, node_name: node } of encrypted) {
      assert.deepEqual([flow.verdict, flow.IP.encrypted, node], ['FORWARDED', true, 'n1'])
      assert.deepEqual([flow.source.pod_name, flow.destination.pod_name], ['a1', 'b1'])
      assert.deepEqual(flow.source.labels, ['k8s:app=a'])
    }
    assert.deepEqual(await observe('--unencrypted'), [])
  })

  test('selects by label, protocol, identity, type and what is excluded, as its help says', async () => {
    const some = async (...filters: string[]) => (await observe(...filters)).length > 0
    assert.deepEqual(await Promise.all([some('-l', 'app=a'), some('-l', 'app=c')]), [true, false])
    assert.deepEqual(await Promise.all([some('--protocol', 'icmp'), some('--protocol', 'tcp')]), [
      true,
      false,
    ])
    assert.deepEqual(await Promise.all([some('--identity', 'host'), some('--identity', '1234')]), [
      true,
      false,
    ])
    assert.deepEqual(await Promise.all([some('-t', 'trace:to-network'), some('-t', 'drop')]), [true, false])
    assert.equal(await some('--not', '--ip', '0.0.0.0/0'), false)
  })

  test('says why a filter cannot be had', async () => {
    const { code, stderr } = await inLab(
      'n1',
      join(root, 'node_modules/.bin/hubble'),
      'observe',
      '--http-path',
      '/',
    )
    assert.equal(code, 1)
    assert.match(stderr, /the filter http_path is not supported: allowed are .*encrypted/)
  })

  test('with encryption off, it observes the same traffic unencrypted', async () => {
    await up('--enable-encrypt-l3=false')
    await ping()
    const clear = await observe('--unencrypted', '--verdict', 'FORWARDED', '--from-pod', 'a1')
    assert.ok(clear.length > 0)
    assert.ok(
      clear.every(({ flow }) => flow.IP.encrypted === undefined && flow.destination.pod_name === 'b1'),
    )
    assert.match(
      await hubble('observe', '--unencrypted', '--last', '1'),
      /FORWARDED \(icmp clear \(encryption-off\)/,
    )
  })
})
