import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { leftovers, type Outcome, wireproof } from './wireproof.ts'

interface LabDescription {
  readonly name: string
  readonly nodes: readonly { readonly name: string; readonly underlay: string }[]
  readonly pods: readonly {
    readonly name: string
    readonly node: string
    readonly addresses: readonly string[]
  }[]
}

const lab = 'labtest'
const directory = mkdtempSync(join(tmpdir(), 'wireproof-lab-'))

async function up(topology: object, ...more: string[]): Promise<LabDescription> {
  const arguments_ = ['up', '--name', lab, '--topology', '-', '--json', ...more]
  const outcome = await wireproof(arguments_, { input: JSON.stringify(topology) })
  assert.equal(outcome.code, 0, outcome.stderr)
  return JSON.parse(outcome.stdout)
}

function inLab(target: string, ...command: string[]): Promise<Outcome> {
  return wireproof(['exec', '--lab', lab, target, '--', ...command])
}

const two = {
  nodes: [{ name: 'n1' }, { name: 'n2' }],
  pods: [
    { name: 'a1', node: 'n1', labels: { app: 'a' } },
    { name: 'b1', node: 'n2', labels: { app: 'b' } },
  ],
  services: [{ name: 'store', selector: { app: 'b' }, port: 80 }],
}

describe('a lab that lives', () => {
  let first: LabDescription

  before(async () => {
    first = await up(two)
  })
  after(async () => {
    await wireproof(['down', lab])
    rmSync(directory, { recursive: true, force: true })
  })

  test('has the nodes and pods asked for', () => {
    assert.deepEqual(
      first.nodes.map(({ name }) => name),
      ['n1', 'n2'],
    )
    assert.deepEqual(
      first.pods.map(({ name }) => name),
      ['a1', 'b1'],
    )
  })

  test('is listed', async () => {
    const rows = JSON.parse((await wireproof(['ls', '--json'])).stdout) as {
      name: string
      nodes: number
      pods: number
    }[]
    const row = rows.find(({ name }) => name === lab)
    assert.deepEqual([row?.nodes, row?.pods], [2, 2])
  })

  test('resolves pods and services by name, and exec hands back the exit code', async () => {
    const ping = await inLab('a1', 'ping', '-c', '2', '-i', '0.1', '-W', '2', 'store')
    assert.equal(ping.code, 0, ping.stdout + ping.stderr)
    assert.equal((await inLab('a1', 'sh', '-c', 'exit 7')).code, 7)
  })

  test('shows ESP and nothing else of the pods on the wire', async () => {
    const file = join(directory, 'wire.pcap')
    const capturing = wireproof(['capture', 'wire', '--lab', lab, '-c', '6', '-w', file, '--filter', 'ip'])
    const pinging = inLab('a1', 'ping', '-c', '20', '-i', '0.2', 'b1')
    assert.equal((await capturing).code, 0)
    await pinging
    const shown = readFileSync(file)
    assert.ok(shown.length > 24 + 6 * 60)
    const protocols = new Set<number>()
    for (let at = 24; at < shown.length; at += 16 + shown.readUInt32LE(at + 8))
      protocols.add(shown[at + 16 + 14 + 9] ?? -1)
    assert.deepEqual([...protocols], [50])
  })

  test('comes to another topology in place: a node and a pod more, then a pod less', async () => {
    const three = {
      ...two,
      nodes: [...two.nodes, { name: 'n3' }],
      pods: [...two.pods, { name: 'c1', node: 'n3' }],
    }
    const grown = await up(three)
    assert.deepEqual(grown.pods.slice(0, 2), first.pods, 'the pods that were there are untouched')
    assert.equal((await inLab('c1', 'ping', '-c', '2', '-i', '0.1', '-W', '2', 'a1')).code, 0)
    const shrunk = await up({ ...three, pods: three.pods.filter(({ name }) => name !== 'b1'), services: [] })
    assert.deepEqual(
      shrunk.pods.map(({ name }) => name),
      ['a1', 'c1'],
    )
    assert.notEqual((await inLab('a1', 'ping', '-c', '1', '-W', '1', '10.0.2.2')).code, 0)
  })

  test('encryption is switched off and on again while it runs', async () => {
    const wireShows = async (protocol: string) => {
      const capturing = wireproof(['capture', 'wire', '--lab', lab, '-c', '2', '--filter', protocol])
      const pinging = inLab('a1', 'ping', '-c', '15', '-i', '0.2', 'c1')
      const { stdout } = await capturing
      await pinging
      return stdout
    }
    const topology = { ...two, nodes: [...two.nodes, { name: 'n3' }], services: [] }
    const pods = [two.pods[0], { name: 'c1', node: 'n3' }]
    await up({ ...topology, pods }, '--enable-encrypt-l3=false')
    assert.match(await wireShows('icmp'), /ICMP echo/)
    await up({ ...topology, pods }, '--enable-encrypt-l3')
    assert.match(await wireShows('esp'), /ESP\(spi=/)
  })

  test('the wire of a running lab is slowed down and freed again; its mtu stays', async () => {
    const roundTrip = async () => {
      const { stdout } = await inLab('a1', 'ping', '-c', '3', '-i', '0.2', '-q', 'c1')
      return Number(/= [\d.]+\/([\d.]+)\//.exec(stdout)?.[1])
    }
    const topology = {
      nodes: [...two.nodes, { name: 'n3' }],
      pods: [two.pods[0], { name: 'c1', node: 'n3' }],
    }
    await up({ ...topology, wire: { delayMs: 30 } })
    assert.ok((await roundTrip()) >= 60)
    await up(topology)
    assert.ok((await roundTrip()) < 60)
    const other = JSON.stringify({ ...topology, wire: { mtu: 1400 } })
    const refused = await wireproof(['up', '--name', lab, '--topology', '-'], { input: other })
    assert.equal(refused.code, 2)
    assert.match(refused.stderr, /the mtu of lab labtest cannot change while it runs/)
  })

  test('a second lab beside it has the same addresses and sees none of its traffic', async () => {
    const outcome = await wireproof(['up', '--name', 'beside', '--topology', '-', '--json'], {
      input: JSON.stringify(two),
    })
    try {
      assert.equal(outcome.code, 0, outcome.stderr)
      const other: LabDescription = JSON.parse(outcome.stdout)
      assert.deepEqual(other.pods[0]?.addresses, first.pods[0]?.addresses)
      assert.equal(
        (await wireproof(['exec', '--lab', 'beside', 'a1', '--', 'ping', '-c', '1', '-W', '2', 'b1'])).code,
        0,
      )
    } finally {
      await wireproof(['down', 'beside'])
    }
    assert.equal((await inLab('a1', 'ping', '-c', '1', '-W', '2', 'c1')).code, 0)
  })

  test('shows its agents’ logs, without a key', async () => {
    const { stdout, code } = await wireproof(['logs', '--lab', lab])
    assert.equal(code, 0)
    assert.match(stdout, /^n1 /m)
    const key = (
      await inLab('n1', 'sh', '-c', 'cut -d" " -f3 /run/wireproof-labs/*/cluster/key')
    ).stdout.trim()
    assert.match(key, /^[0-9a-f]{40}$/)
    assert.ok(!stdout.includes(key))
  })

  test('names what there is when a target does not exist', async () => {
    const { code, stderr } = await inLab('zz', 'true')
    assert.equal(code, 2)
    assert.match(stderr, /no node or pod called zz/)
  })
})

test('after down nothing of any lab is left', () => {
  assert.deepEqual(leftovers(), [])
})
