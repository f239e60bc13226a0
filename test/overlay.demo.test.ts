import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Evidence } from '../demos/evidence/format.ts'
import { kernelsToTest, type Outcome, wireproof } from './wireproof.ts'

const topology = (routing: string, ipFamilies: readonly string[]) =>
  JSON.stringify({
    nodes: [{ name: 'n1' }, { name: 'n2' }],
    pods: [
      { name: 'a1', node: 'n1' },
      { name: 'b1', node: 'n2' },
    ],
    ipFamilies,
    routing,
  })

for (const families of [['ipv4'], ['ipv4', 'ipv6']])
  describe(`the demo over VXLAN, with pods of ${families.join(' and ')}`, () => {
    const directory = mkdtempSync(join(tmpdir(), 'wireproof-overlay-'))
    let outcome: Outcome
    let bundle: string
    let evidence: Evidence

    before(async () => {
      const argv = ['demo', '--kernel', kernelsToTest[0], '--topology', '-', '--evidence', directory]
      outcome = await wireproof(argv, { input: topology('vxlan', families) })
      bundle = join(directory, readdirSync(directory)[0] ?? 'no bundle')
      evidence = JSON.parse(readFileSync(join(bundle, 'evidence.json'), 'utf8'))
    })
    after(() => rmSync(directory, { recursive: true, force: true }))

    test('ends PROVEN, and verify agrees', async () => {
      assert.equal(outcome.code, 0, outcome.stdout + outcome.stderr)
      const verified = await wireproof(['verify', bundle])
      assert.equal(verified.code, 0, verified.stdout + verified.stderr)
      assert.match(verified.stdout, /^PROVEN/m)
    })

    test('every packet was in VXLAN inside ESP, and the leak was one of VXLAN', async () => {
      const of = (arm: string, id: string) =>
        evidence.checks.find((check) => check.arm === arm && check.id === id)!
      const { inVxlan, encrypted } = of('encrypted', 'wire.complete').numbers
      assert.ok(encrypted! > 0)
      assert.equal(inVxlan, encrypted)
      const [leak] = of('policies-deleted/permissive', 'sabotage.caught').offenders
      assert.match(leak!.why, /in clear inside VXLAN from \S+ to \S+$/)
      const explained = await wireproof(['explain', bundle, `${leak!.frame}`])
      assert.match(explained.stdout, /CLEAR: .* inside VXLAN/)
    })

    test('the report says so, and explain tells what carries a packet and what it carries', async () => {
      assert.match(readFileSync(join(bundle, 'report.html'), 'utf8'), /each in VXLAN from node to node/)
      const inControl = evidence.checks.find(
        ({ arm, id }) => arm === 'control' && id === 'wire.no-cleartext',
      )!
      // The first frames of the next arm, of which the very first are of neighbours.
      const stories = await Promise.all(
        Array.from({ length: 6 }, (_, after) =>
          wireproof(['explain', bundle, `${inControl.numbers.frames! + 1 + after}`]),
        ),
      )
      const carried = stories.filter(({ stdout }) => /^carrier +VXLAN, IPv[46], /m.test(stdout))
      assert.ok(carried.length > 0)
      for (const { stdout } of carried) assert.match(stdout, /^inner packet +\S+ \S+ → /m)
    })
  })

describe('a lab over VXLAN', () => {
  const lab = 'overlay'
  const up = (routing: string) =>
    wireproof(['up', '--name', lab, '--topology', '-', '--kernel', kernelsToTest[0]], {
      input: topology(routing, ['ipv4']),
    })
  const exec = async (target: string, command: string) =>
    (await wireproof(['exec', '--lab', lab, target, '--', ...command.split(' ')])).stdout
  before(async () => {
    const { code, stderr } = await up('vxlan')
    assert.equal(code, 0, stderr)
  })
  after(() => wireproof(['down', lab]))

  test('has pods whose packets of full size arrive', async () => {
    const mtu = Number(/mtu (\d+)/.exec(await exec('a1', 'ip link show eth0'))?.[1])
    assert.equal(mtu, 1500 - 97 - 70)
    assert.match(await exec('a1', `ping -c 2 -i 0.1 -W 2 -M do -s ${mtu - 28} b1`), / 2 received/)
  })

  test('keeps its routing while it runs', async () => {
    const { code, stderr } = await up('native')
    assert.equal(code, 2)
    assert.match(stderr, /the routing of lab overlay cannot change while it runs/)
    assert.equal((await up('vxlan')).code, 0)
  })
})
