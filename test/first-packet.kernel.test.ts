import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, test } from 'node:test'
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'
import { decode, readCapture } from 'tcpdump-parse'
import { addressBook } from '../demos/proof/address-book.ts'
import { exposure } from '../demos/proof/cleartext.ts'
import type { EncryptionSettings, Lab, LabPod, LabProcess } from '../lab/lab.ts'
import { startCapture } from '../lab/namespaces/capture.ts'
import { spawnIn } from '../lab/namespaces/process.ts'
import { startAgent } from '../lab/netns/agents.ts'
import { bridge, namespacePath, podNamespace, wireNamespace } from '../lab/netns/layout.ts'
import { standUp, takeDown } from '../lab/netns/lifecycle.ts'
import type { NetnsLab } from '../lab/netns/netns-lab.ts'
import type { PodSpec } from '../lab/topology.ts'

// Nothing of pods crosses the wire in clear, from the first packet of the first pod on, whatever comes and goes.
const name = 'firstpacket'
const strict = { encryptL3: true, strict: true }
const nodes = [{ name: 'n1' }, { name: 'n2' }]
/** Where the lab puts the first pod of a node: they can be sent to before they exist. */
const addresses = { a1: '10.0.1.2', b1: '10.0.2.2', c1: '10.0.3.2' }

const senders: { kill(signal: NodeJS.Signals): unknown }[] = []
// Whatever still sends in a namespace of the lab goes with it.
afterEach(() => takeDown(name))

/** What was on the wire while `action` ran, by the bridge itself: it is there before any node, and loses nothing. */
async function onWire(lab: NetnsLab, action: () => Promise<void>): Promise<{ clear: string[]; esp: number }> {
  const directory = mkdtempSync(join(tmpdir(), 'wireproof-firstpacket-'))
  try {
    const vantage = {
      name: 'wire/all',
      namespace: namespacePath(wireNamespace(name)),
      device: bridge,
    } as const
    const capture = await startCapture(() => [{ ...vantage, direction: 'inout' }], directory)
    await action()
    for (const sender of senders.splice(0)) sender.kill('SIGKILL')
    const [point] = await capture.stop()
    assert.equal(point!.dropped, 0)
    assert.ok(point!.captured >= point!.passed, 'the capture is whole')
    const three = [1, 2, 3].map((id) => ({ name: `n${id}`, id, underlay: `192.168.0.${id}` }))
    const book = addressBook({
      nodes: three.map((node) => ({ ...node, podCidrs: [`10.0.${node.id}.0/24`] })),
      pods: (await lab.pods()).map((pod) => ({ ...pod, addresses: [...pod.addresses] })),
    })
    const clear: string[] = []
    let esp = 0
    for await (const { data, interface: from } of readCapture(point!.file)) {
      const frame = decode(data, from.linkType)
      if (frame.esp) esp++
      clear.push(...[exposure(frame, book)].filter((why) => why !== undefined))
    }
    return { clear, esp }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** Adds a pod in which programs send to every pod there is or will be, from before its link is up. */
async function addSendingPod(lab: NetnsLab, spec: PodSpec): Promise<LabPod> {
  let over = false
  const added = lab.addPod(spec).finally(() => {
    over = true
  })
  const namespace = namespacePath(podNamespace(name, spec.name))
  while (!over && !existsSync(namespace)) await turn()
  if (over) return added
  for (const to of Object.values(addresses))
    senders.push(spawnIn(namespace, ['ping', '-q', '-i', '0.005', to], { stdio: 'ignore' }))
  return added
}

/** Pods and a node come, and a pod goes, while all pods send all the time. */
async function comeAndGo(lab: NetnsLab): Promise<void> {
  const a1 = await addSendingPod(lab, { name: 'a1', node: 'n1' })
  assert.deepEqual(a1.addresses, [addresses.a1])
  const b1 = await addSendingPod(lab, { name: 'b1', node: 'n2' })
  assert.deepEqual(b1.addresses, [addresses.b1])
  await delay(200)
  await lab.addNode({ name: 'n3' })
  const c1 = await addSendingPod(lab, { name: 'c1', node: 'n3' })
  assert.deepEqual(c1.addresses, [addresses.c1])
  await lab.settled()
  await delay(300)
  assert.equal(await answers(lab, 'c1', addresses.a1), 5, 'the newcomer is reachable')
  await lab.removePod('b1')
  await delay(200)
  await lab.removeNode('n3')
  await delay(200)
}

async function answers(lab: Lab, from: string, to: string): Promise<number> {
  const ping = lab.spawn(from, ['ping', '-q', '-c', '5', '-i', '0.05', '-W', '1', to])
  return received(ping)
}

async function received(ping: LabProcess): Promise<number> {
  let said = ''
  ping.stdout.setEncoding?.('utf8').on('data', (text) => (said += text))
  await ping.exit
  return Number(/(\d+) (?:packets )?received/.exec(said)?.[1])
}

function bare(settings: EncryptionSettings): Promise<NetnsLab> {
  return standUp(name, { nodes }, settings, () => {})
}

describe('from the first packet of the first pod', () => {
  test('the wire carries no pod packet in clear, while pods and nodes come and go under traffic', async () => {
    const lab = await bare(strict)
    const { clear, esp } = await onWire(lab, () => comeAndGo(lab))
    assert.deepEqual(clear, [])
    assert.ok(esp > 200, `${esp} ESP packets`)
  })

  test('control: with encryption off the same instrument sees the same traffic in clear', async () => {
    const lab = await bare({ encryptL3: false, strict: false })
    const { clear, esp } = await onWire(lab, () => comeAndGo(lab))
    assert.ok(clear.length > 200, `${clear.length} packets in clear`)
    assert.equal(esp, 0)
  })
})

test('pods of a node without an agent cannot send, and the lab does not pass as settled; with one they can', async () => {
  const lab = await standUp(name, { nodes, pods: [{ name: 'a1', node: 'n1' }] }, strict, () => {})
  lab.prepareNode({ name: 'n3' })
  const without = await onWire(lab, async () => {
    await assert.rejects(lab.addPod({ name: 'c1', node: 'n3' }), { code: 'EAGENT' })
    assert.equal(await answers(lab, 'c1', addresses.a1), 0)
    assert.equal(await answers(lab, 'a1', addresses.c1), 0)
    await assert.rejects(lab.configure(strict), { code: 'EAGENT' })
  })
  assert.deepEqual(without.clear, [])

  await startAgent(name, 'n3')
  const withAgent = await onWire(lab, async () => {
    await lab.addPod({ name: 'c1', node: 'n3' })
    await lab.settled()
    assert.equal(await answers(lab, 'c1', addresses.a1), 5)
  })
  assert.deepEqual(withAgent.clear, [])
  assert.ok(withAgent.esp >= 10)
})
