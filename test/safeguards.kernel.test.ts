import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { playDemo } from '../demos/play.ts'
import { type ArmRecord, verdictExitCode } from '../demos/proof/index.ts'
import { startWorkload, type Workload } from '../demos/workload/traffic.ts'
import type { Lab } from '../lab/lab.ts'
import { namespacePath, nodeNamespace, podNamespace, podPort, wireDevice } from '../lab/netns/layout.ts'
import { standUp, takeDown } from '../lab/netns/lifecycle.ts'
import type { NetnsLab } from '../lab/netns/netns-lab.ts'
import { armNames, brokenNode, kernel, ProofStage } from './proof-stage.ts'
import { listeningElsewhere, on, recordOffsets, tampered, withPoint } from './tampered-lab.ts'

// PROVEN is earned: with any one safeguard gone the verdict is another. The first tests are the control of all others.
const name = 'safeguards'
const strict = { encryptL3: true, strict: true }
const permissive = { encryptL3: true, strict: false }
const dropOutboundPolicies = ['ip', 'xfrm', 'policy', 'deleteall', 'dir', 'out'] as const

let lab: NetnsLab
let stage: ProofStage

before(async () => {
  const nodes = [{ name: 'n1' }, { name: 'n2' }, { name: 'n3' }]
  const pods = [
    { name: 'a1', node: 'n1' },
    { name: 'a2', node: 'n1' },
    { name: 'b1', node: 'n2' },
    { name: 'c1', node: 'n3' },
  ]
  lab = await standUp(name, { nodes, pods }, { encryptL3: false, strict: true }, () => {})
})
after(async () => {
  await stage?.close()
  await takeDown(name)
})

async function assertNotProven(changed: ArmRecord, says: RegExp): Promise<void> {
  const { verdict, says: why } = await stage.verdict(changed)
  assert.notEqual(verdict, 'PROVEN')
  assert.match(why, says)
}

/** The exit code of the whole demo, as a user plays it. */
async function demoIn(playedIn: Lab): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'wireproof-safeguards-'))
  try {
    return await playDemo('transparent-encryption', {
      lab: playedIn,
      directory,
      kernel,
      present: false,
      timings: false,
      sealedOnly: false,
      keepKeys: false,
      output: { write: () => {} },
      signal: new AbortController().signal,
    })
  } finally {
    assert.equal(readdirSync(directory).length, 1, 'evidence is left whatever the verdict')
    rmSync(directory, { recursive: true })
  }
}

/** The lab in which, once it is configured, the node's agent hangs and a saboteur does as told; made whole by `repaired`. */
function sabotagedOnceConfigured(settings: typeof strict, sabotage: (sound: Lab) => Promise<void>): Lab {
  return tampered(lab, (sound) => ({
    configure: async () => {
      await sound.configure(settings)
      await sound.pauseAgent(brokenNode)
      await sabotage(sound)
    },
    // An agent that hangs answers nothing; its counters are asked for and play no part in this arm.
    status: async (node) =>
      node === brokenNode ? { ...(await sound.status('n2')), node } : sound.status(node),
  }))
}

async function repaired<Result>(action: () => Promise<Result>): Promise<Result> {
  try {
    return await action()
  } finally {
    await lab.resumeAgent(brokenNode)
    await lab.configure(strict)
  }
}

describe('the demo, played whole', () => {
  test('is PROVEN with every safeguard in place', async () => assert.equal(await demoIn(lab), 0))

  test('is not PROVEN where its instruments listen to nothing', async () => {
    const deaf = listeningElsewhere(lab, (at) =>
      at.name.startsWith('wire/')
        ? { namespace: namespacePath(nodeNamespace(name, at.name.slice('wire/'.length))), device: 'lo' }
        : {},
    )
    assert.equal(await demoIn(deaf), verdictExitCode.INCONCLUSIVE)
  })
})

describe('arms of a run with every safeguard in place', () => {
  before(async () => {
    stage = await ProofStage.open(lab)
  })

  test('are PROVEN, also with an arm played again and with files copied', async () => {
    assert.equal((await stage.verdict()).verdict, 'PROVEN')
    assert.equal((await stage.verdict(stage.recorded('encrypted'))).verdict, 'PROVEN')
    assert.equal((await stage.verdict(await stage.play('encrypted'))).verdict, 'PROVEN')
  })
})

describe('a datapath that does not encrypt is not PROVEN', () => {
  const sabotages: Record<string, [typeof strict, (sound: Lab) => Promise<void>, RegExp]> = {
    'outbound policies gone, and nobody at the gate': [
      permissive,
      (sound) => on(sound, brokenNode, ...dropOutboundPolicies),
      /^wire\.no-cleartext fails in the encrypted arm/,
    ],
    'outbound policies gone in strict mode': [
      strict,
      (sound) => on(sound, brokenNode, ...dropOutboundPolicies),
      /^wire\.complete fails in the encrypted arm.*missing/,
    ],
    'SAs gone and their policies left': [
      strict,
      (sound) => on(sound, brokenNode, 'ip', 'xfrm', 'state', 'deleteall'),
      /in the encrypted arm/,
    ],
    'pods no longer marked for encryption, in permissive mode': [
      permissive,
      (sound) => on(sound, brokenNode, 'tc', 'filter', 'del', 'dev', podPort('a1'), 'ingress'),
      /^wire\.no-cleartext fails in the encrypted arm/,
    ],
  }
  for (const [what, [settings, sabotage, says]] of Object.entries(sabotages))
    test(what, async () => {
      const played = await repaired(() =>
        stage.play('encrypted', { lab: sabotagedOnceConfigured(settings, sabotage) }),
      )
      await assertNotProven(played, says)
    })

  test('encryption never switched on', async () => {
    const off = tampered(lab, (sound) => ({
      configure: (settings) => sound.configure({ ...settings, encryptL3: false }),
    }))
    await assertNotProven(await stage.play('encrypted', { lab: off }), /^wire\.no-cleartext fails/)
  })

  test('no gate at the wire: what strict mode should have stopped leaks', async () => {
    const open = tampered(lab, (sound) => ({
      spawn: (target, argv) => {
        if (argv.join(' ') !== dropOutboundPolicies.join(' ')) return sound.spawn(target, argv)
        const gate = `tc filter del dev ${wireDevice} egress`
        return sound.spawn(target, ['sh', '-c', `${gate} && ${argv.join(' ')}`])
      },
    }))
    await assertNotProven(
      await stage.play('policies-deleted/strict', { lab: open }),
      /fails in the policies-deleted\/strict arm/,
    )
  })
})

describe('instruments that do not see the wire prove nothing', () => {
  const port = `wire/${brokenNode}`
  const own = { namespace: namespacePath(nodeNamespace(name, brokenNode)), direction: 'inout' } as const

  test("a node's own interface, both ways, shows what was decrypted", async () => {
    const listening = listeningElsewhere(lab, (at) =>
      at.name === port ? { ...own, device: wireDevice } : {},
    )
    await assertNotProven(await stage.play('encrypted', { lab: listening }), /^wire\.no-cleartext fails/)
  })

  test('a pod', async () => {
    const pod = {
      namespace: namespacePath(podNamespace(name, 'a1')),
      device: wireDevice,
      direction: 'inout',
    } as const
    const listening = listeningElsewhere(lab, (at) => (at.name === port ? pod : {}))
    await assertNotProven(await stage.play('encrypted', { lab: listening }), /^wire\.no-cleartext fails/)
  })

  test('the loopback of one node', async () => {
    const listening = listeningElsewhere(lab, (at) => (at.name === port ? { ...own, device: 'lo' } : {}))
    await assertNotProven(await stage.play('encrypted', { lab: listening }), /in the encrypted arm/)
  })

  test('the ports of two nodes taken for one another', async () => {
    const record = stage.recorded('encrypted')
    const [first, second] = ['wire/n1', 'wire/n2'].map((at) => record.points.find((it) => it.name === at)!)
    const exchanged = record.points.map((it) =>
      it === first ? { ...second!, name: it.name } : it === second ? { ...first!, name: it.name } : it,
    )
    await assertNotProven({ ...record, points: exchanged }, /in the encrypted arm/)
  })
})

describe('a capture that is not whole proves nothing, in whatever arm and at whatever instrument', () => {
  for (const arm of armNames)
    test(`the ${arm} arm`, async () => {
      for (const at of ['wire/n2', 'pod/a1']) {
        const sound = stage.recorded(arm)
        const { file } = sound.points.find((point) => point.name === at)!
        const offsets = recordOffsets(readFileSync(file))
        truncateSync(file, offsets.at(-1)! - 7)
        await assertNotProven(sound, new RegExp(`${at}|in the ${arm} arm`))

        const short = stage.recorded(arm)
        truncateSync(short.points.find((point) => point.name === at)!.file, offsets.at(-4)!)
        await assertNotProven(short, new RegExp(`${at}|in the ${arm} arm`))

        const lossy = stage.recorded(arm)
        const dropped = withPoint(lossy.points, at, () => ({ dropped: 1 }))
        await assertNotProven({ ...lossy, points: dropped }, /dropped 1/)
        const passed = withPoint(lossy.points, at, (point) => ({ passed: point.captured + 1 }))
        await assertNotProven({ ...lossy, points: passed }, /pass and captured/)

        const absent = lossy.points.filter((point) => point.name !== at)
        await assertNotProven({ ...lossy, points: absent }, new RegExp(`${at}|in the ${arm} arm`))
      }
    })

  test('an instrument of the encrypted arm that lost half and tells no one', async () => {
    for (const at of ['wire/n2', 'pod/a1']) {
      const record = stage.recorded('encrypted')
      const { file } = record.points.find((point) => point.name === at)!
      const offsets = recordOffsets(readFileSync(file))
      const captured = Math.floor((offsets.length - 1) / 2)
      truncateSync(file, offsets[captured]!)
      const points = withPoint(record.points, at, () => ({ captured, passed: captured }))
      await assertNotProven({ ...record, points }, /in the encrypted arm/)
    }
  })
})

describe('traffic that was not sent proves nothing', () => {
  const otherwise = (sendCanaries: Workload['sendCanaries']): Workload => ({
    ...stage.workload,
    sendCanaries,
  })

  for (const arm of armNames)
    test(`none in the ${arm} arm`, async () => {
      const silent = await stage.play(arm, { workload: otherwise(async () => []) })
      await assertNotProven(silent, new RegExp(`in the ${arm} arm`))
    })

  test('programs that claim deliveries and send nothing', async () => {
    const claimed = stage.recorded('encrypted').canaries.map((canary) => ({ ...canary, bytes: 0, ms: 1 }))
    const lying = await stage.play('encrypted', { workload: otherwise(async () => claimed) })
    await assertNotProven(lying, /in the encrypted arm/)
  })

  test('the pods of one node silent', async () => {
    const others = { pods: async () => (await lab.pods()).filter(({ node }) => node !== 'n3') }
    const some = tampered(lab, () => others)
    const workload = await startWorkload(some, { port: 9010 })
    try {
      const silent = await stage.play('encrypted', { workload })
      await assertNotProven(silent, /^app\.delivered is inconclusive.*n3/)
    } finally {
      await workload.stop()
    }
  })
})

describe('security associations that are not those of the moment prove nothing', () => {
  for (const arm of armNames.filter((each) => each !== 'control')) {
    test(`a wrong key in the ${arm} arm`, async () => {
      const record = stage.recorded(arm)
      const spoil = (sas: ArmRecord['sasAfter']) => {
        const used = record.sasAfter.find(({ node, direction }) => node === 'n2' && direction === 'out')!
        return sas.map((sa) => (sa.spi === used.spi && sa.source === used.source ? otherKey(sa) : sa))
      }
      const spoilt = { ...record, sasBefore: spoil(record.sasBefore), sasAfter: spoil(record.sasAfter) }
      await assertNotProven(spoilt, new RegExp(`^wire\\.authentic fails in the ${arm} arm`))
    })

    test(`read at another moment of the ${arm} arm`, async () => {
      const record = stage.recorded(arm)
      await assertNotProven({ ...record, sasAfter: record.sasBefore }, /^wire\.counted fails/)
      await assertNotProven({ ...record, sasBefore: record.sasAfter }, /^wire\.counted fails/)
      await assertNotProven({ ...record, sasBefore: [], sasAfter: [] }, /^wire\.authentic fails/)
    })
  }

  test('a node whose kernel holds other keys than are read from it', async () => {
    const mistaken = tampered(lab, (sound) => ({
      securityAssociations: async (node) => {
        const sas = await sound.securityAssociations(node)
        return node === 'n2' ? sas.map(otherKey) : sas
      },
    }))
    await assertNotProven(await stage.play('encrypted', { lab: mistaken }), /in the encrypted arm/)
  })

  function otherKey<Sa extends { readonly key: string }>(sa: Sa): Sa {
    return { ...sa, key: sa.key.replace(/^../, (byte) => (byte === '00' ? '01' : '00')) }
  }
})

describe('a fire drill without fire proves nothing', () => {
  for (const arm of ['policies-deleted/permissive', 'policies-deleted/strict'] as const)
    test(`a sabotage that sabotages nothing, ${arm}`, async () => {
      const harmless = tampered(lab, (sound) => ({
        spawn: (target, argv) =>
          sound.spawn(target, argv.join(' ') === dropOutboundPolicies.join(' ') ? ['true'] : argv),
      }))
      await assertNotProven(await stage.play(arm, { lab: harmless }), new RegExp(`in the ${arm} arm`))
    })

  test('a sabotage of another node than is said', async () => {
    const elsewhere = tampered(lab, (sound) => ({
      spawn: (target, argv) => sound.spawn(target === brokenNode ? 'n2' : target, argv),
      pauseAgent: () => sound.pauseAgent('n2'),
      resumeAgent: () => sound.resumeAgent('n2'),
    }))
    await assertNotProven(
      await stage.play('policies-deleted/permissive', { lab: elsewhere }),
      /^sabotage\.caught/,
    )
  })

  test('a cleartext control that was encrypted', async () => {
    const encrypted = tampered(lab, (sound) => ({ configure: () => sound.configure(strict) }))
    await assertNotProven(await stage.play('control', { lab: encrypted }), /in the control arm/)
  })
})

test('after all this the same lab is PROVEN again', async () => {
  for (const arm of armNames) assert.equal((await stage.verdict(await stage.play(arm))).verdict, 'PROVEN')
})
