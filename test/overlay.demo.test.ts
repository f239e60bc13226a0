import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Evidence } from '../demos/evidence/format.ts'
import { playedDemo } from './played-demo.ts'
import { kernelsToTest, wireproof } from './wireproof.ts'

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
    const played = playedDemo(['--topology', '-'], topology('vxlan', families))
    let evidence: Evidence
    before(() => {
      evidence = JSON.parse(readFileSync(join(played.bundle, 'evidence.json'), 'utf8'))
    })

    test('every packet was in VXLAN inside ESP, and the leak was one of VXLAN', async () => {
      const of = (arm: string, id: string) =>
        evidence.checks.find((check) => check.arm === arm && check.id === id)!
      const { inVxlan, encrypted } = of('encrypted', 'wire.complete').numbers
      assert.ok(encrypted! > 0)
      assert.equal(inVxlan, encrypted)
      const [leak] = of('policies-deleted/permissive', 'sabotage.caught').offenders
      assert.match(leak!.why, /in clear inside VXLAN from \S+ to \S+$/)
      const explained = await wireproof(['explain', played.bundle, `${leak!.frame}`])
      assert.match(explained.stdout, /CLEAR: .* inside VXLAN/)
    })

    test('the report says so, and explain tells what carries a packet and what it carries', async () => {
      assert.match(
        readFileSync(join(played.bundle, 'report.html'), 'utf8'),
        /each in VXLAN from node to node/,
      )
      const inControl = evidence.checks.find(
        ({ arm, id }) => arm === 'control' && id === 'wire.no-cleartext',
      )!
      // The first frames of the next arm, of which the very first are of neighbours.
      const stories = await Promise.all(
        Array.from({ length: 6 }, (_, after) =>
          wireproof(['explain', played.bundle, `${inControl.numbers.frames! + 1 + after}`]),
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
