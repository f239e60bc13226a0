import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { tsharkLine } from '../demos/report/recheck.ts'
import { suiteNames } from '../lab/suites.ts'
import { playedDemo } from './played-demo.ts'
import { kernelsToTest, run, wireproof } from './wireproof.ts'

interface Association {
  readonly algorithm: string
  readonly key: string
  readonly integrity?: { readonly algorithm: string; readonly key: string }
  readonly esn: boolean
}

/** By which the kernel's associations tell what they encrypt with: cipher, bytes of its key, and what authenticates. */
const marks: Readonly<Record<(typeof suiteNames)[number], string>> = {
  'aes-gcm-128': 'rfc4106(gcm(aes)) 20 undefined',
  'aes-gcm-256': 'rfc4106(gcm(aes)) 36 undefined',
  'chacha20-poly1305': 'rfc7539esp(chacha20,poly1305) 36 undefined',
  'aes-cbc-hmac-sha256': 'cbc(aes) 16 hmac(sha256)',
}

// The default suite is every other test's.
for (const suite of suiteNames.slice(1))
  describe(`the transparent-encryption demo with ${suite}`, () => {
    const played = playedDemo(['--suite', suite])
    let associations: Association[]
    before(() => {
      associations = JSON.parse(readFileSync(join(played.bundle, 'sas.json'), 'utf8'))
    })

    test('is about associations of that suite, with extended sequence numbers', () => {
      const found = associations.map(
        ({ algorithm, key, integrity }) => `${algorithm} ${key.length / 2} ${integrity?.algorithm}`,
      )
      assert.deepEqual([...new Set(found)], [marks[suite]])
      assert.ok(associations.every(({ esn }) => esn))
    })

    test('prints no key, of the cipher or of what authenticates', () => {
      for (const { key, integrity } of associations)
        for (const secret of [key, integrity?.key ?? key])
          assert.ok(!(played.outcome.stdout + played.outcome.stderr).includes(secret.slice(0, 16)))
    })

    test('explains a packet', async () => {
      const numbers = [480, 540, 600]
      const stories = await Promise.all(
        numbers.map((each) => wireproof(['explain', played.bundle, `${each}`])),
      )
      const sealed = stories.filter(({ stdout }) => stdout.includes('ESP'))
      assert.ok(sealed.length > 0)
      for (const { stdout } of sealed) {
        assert.match(stdout, /extended\s+sequence\s+numbers/)
        assert.match(stdout, /ICV +verifies/)
      }
    })

    // tshark 4.0, which Debian 12 has, knows no ChaCha20-Poly1305 for ESP.
    if (suite !== 'chacha20-poly1305')
      test('can be opened by Wireshark, which finds a whole packet in every ESP packet', async () => {
        const { code, stdout } = await run(['sh', '-c', tsharkLine()], { cwd: played.bundle })
        assert.equal(code, 0)
        const lines = stdout.trim().split('\n')
        assert.ok(lines.length > 300)
        for (const line of lines) assert.match(line, /\t1,1$/)
      })
  })

describe('a running lab', () => {
  const lab = 'suites-up'
  const topology = JSON.stringify({
    nodes: [{ name: 'n1' }, { name: 'n2' }],
    pods: [
      { name: 'a1', node: 'n1' },
      { name: 'b1', node: 'n2' },
    ],
  })
  const up = (...more: string[]) =>
    wireproof(['up', '--name', lab, '--topology', '-', '--kernel', kernelsToTest[0], ...more], {
      input: topology,
    })
  const exec = (...argv: string[]) => wireproof(['exec', '--lab', lab, ...argv])
  after(() => wireproof(['down', lab]))

  test('goes from suite to suite, and its pods reach each other before and after', async () => {
    for (const suite of ['aes-gcm-256', 'aes-cbc-hmac-sha256'] as const) {
      const { code, stderr } = await up('--suite', suite)
      assert.equal(code, 0, stderr)
      const ping = await exec('a1', '--', 'ping', '-c', '3', '-i', '0.1', 'b1')
      assert.match(ping.stdout, / 3 received/)
      const states = (await exec('n1', '--', 'ip', 'xfrm', 'state')).stdout
      assert.ok(states.includes(suite === 'aes-gcm-256' ? 'aead rfc4106(gcm(aes))' : 'enc cbc(aes)'))
      assert.match(states, /flag (af-unspec )?esn/)
    }
  })

  test('stays with its key where no suite is asked for, or the one it has', async () => {
    const spis = async () => (await exec('n1', '--', 'ip', 'xfrm', 'policy')).stdout.match(/spi 0x\w+/g)
    const before = await spis()
    assert.ok(before && before.length > 0)
    await up()
    await up('--suite', 'aes-cbc-hmac-sha256')
    assert.deepEqual(await spis(), before)
    await up('--suite', 'aes-gcm-128')
    assert.notDeepEqual(await spis(), before)
  })
})

test('a suite that is not known, or for a lab that has one, is a mistake, and what is allowed is said', async () => {
  const unknown = await wireproof(['up', '--suite', 'des'])
  assert.equal(unknown.code, 2)
  assert.match(unknown.stderr, /aes-gcm-128.*aes-cbc-hmac-sha256/)
  const twice = await wireproof(['demo', '--lab', 'lab', '--suite', 'aes-gcm-256'])
  assert.equal(twice.code, 2)
  assert.match(twice.stderr, /--suite.*cannot be used with.*--lab/)
})
