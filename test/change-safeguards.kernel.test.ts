import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { playDemo } from '../demos/play.ts'
import { verdictExitCode } from '../demos/proof/index.ts'
import type { Lab } from '../lab/lab.ts'
import { standUp, takeDown } from '../lab/netns/lifecycle.ts'
import type { NetnsLab } from '../lab/netns/netns-lab.ts'
import { kernel } from './proof-stage.ts'
import { on, tampered } from './tampered-lab.ts'

// That nothing was lost under change is earned, too: with one thing amiss the verdict is another. The first is the control.
const name = 'changeguards'
let lab: NetnsLab

before(async () => {
  const nodes = [{ name: 'n1' }, { name: 'n2' }]
  const pods = [
    { name: 'a1', node: 'n1' },
    { name: 'b1', node: 'n2' },
  ]
  lab = await standUp(name, { nodes, pods }, { encryptL3: false, strict: true }, () => {})
})
after(() => takeDown(name))

/** The exit code of the demo in its shortest form, and why. */
async function rotateIn(playedIn: Lab): Promise<{ readonly code: number; readonly says: string }> {
  const directory = mkdtempSync(join(tmpdir(), 'wireproof-changeguards-'))
  try {
    const code = await playDemo('rotate', {
      lab: playedIn,
      directory,
      kernel,
      present: false,
      timings: false,
      sealedOnly: false,
      keepKeys: false,
      rounds: 2,
      output: { write: () => {} },
      signal: new AbortController().signal,
    })
    const evidence = join(directory, readdirSync(directory)[0]!, 'evidence.json')
    return { code, says: JSON.parse(readFileSync(evidence, 'utf8')).says }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

describe('the rotate demo, played whole', () => {
  test('is PROVEN with every safeguard in place', async () => {
    const { code, says } = await rotateIn(lab)
    assert.equal(code, verdictExitCode.PROVEN, says)
  })

  test('is not PROVEN where no key was rotated', async () => {
    const still = tampered(lab, () => ({ rotateKey: async () => ({ from: 3, to: 4 }) }))
    const { code, says } = await rotateIn(still)
    assert.equal(code, verdictExitCode.INCONCLUSIVE)
    assert.match(says, /^app\.lossless is inconclusive in the rotate arm: No key was rotated/)
  })

  test('is not PROVEN where one in ten packets is lost on the wire', async () => {
    const lossy = tampered(lab, (sound) => ({
      rotateKey: async () => {
        const loss = ['root', 'netem', 'loss', '10%']
        await on(sound, 'wire', 'tc', 'qdisc', 'replace', 'dev', 'n-n2', ...loss)
        return sound.rotateKey()
      },
    }))
    try {
      const { code, says } = await rotateIn(lossy)
      assert.notEqual(code, verdictExitCode.PROVEN)
      assert.match(says, /^app\.(lossless|delivered) fails in the rotate arm/)
    } finally {
      await on(lab, 'wire', 'tc', 'qdisc', 'delete', 'dev', 'n-n2', 'root')
    }
  })

  test('is not PROVEN where the keys in between were not read', async () => {
    const known = new Map<string, Awaited<ReturnType<Lab['securityAssociations']>>>()
    const forgetful = tampered(lab, (sound) => ({
      configure: async (settings) => {
        known.clear()
        await sound.configure(settings)
      },
      securityAssociations: async (node) => {
        const held = known.get(node) ?? (await sound.securityAssociations(node))
        known.set(node, held)
        return held
      },
    }))
    const { code, says } = await rotateIn(forgetful)
    assert.equal(code, verdictExitCode.LEAK)
    assert.match(says, /^wire\.authentic fails in the rotate arm/)
  })
})
