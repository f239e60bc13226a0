import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Evidence } from '../demos/evidence/format.ts'
import { playedDemo } from './played-demo.ts'
import { kernelsToTest, wireproof } from './wireproof.ts'

const topology = (ipFamilies: readonly string[]) =>
  JSON.stringify({
    nodes: [{ name: 'n1' }, { name: 'n2' }],
    pods: [
      { name: 'a1', node: 'n1' },
      { name: 'b1', node: 'n2', labels: { app: 'b' } },
    ],
    services: [{ name: 'store', selector: { app: 'b' }, port: 80 }],
    ipFamilies,
  })

for (const [demo, families] of [
  ['transparent-encryption', ['ipv4', 'ipv6']],
  ['transparent-encryption', ['ipv6']],
  ['rotate', ['ipv6', 'ipv4']],
] as const)
  describe(`the demo ${demo} with pods of ${families.join(' and ')}`, () => {
    const played = playedDemo([demo, '--topology', '-'], topology(families))
    let evidence: Evidence
    before(() => {
      evidence = JSON.parse(readFileSync(join(played.bundle, 'evidence.json'), 'utf8'))
    })

    test('is about pods that have them, and nodes that reach each other by IPv6', () => {
      for (const { addresses } of evidence.pods)
        assert.deepEqual(
          addresses.map((address) => (address.includes(':') ? 'ipv6' : 'ipv4')),
          families,
        )
      for (const { underlay } of evidence.nodes) assert.match(underlay, /^fd56::/)
      const report = readFileSync(join(played.bundle, 'report.html'), 'utf8')
      for (const { addresses } of evidence.pods)
        for (const each of addresses) assert.ok(report.includes(each))
    })

    test('sent as much over each, in every arm', () => {
      for (const { canaries } of evidence.played) {
        const over = (family: string) => canaries.filter(({ id }) => id.endsWith(`/${family}`)).length
        if (families.length > 1) assert.deepEqual(families.map(over), [4, 4])
        else assert.equal(canaries.length, 4)
      }
    })
  })

describe('a lab with pods of both families', () => {
  const lab = 'families'
  const up = (families: readonly string[]) =>
    wireproof(['up', '--name', lab, '--topology', '-', '--kernel', kernelsToTest[0]], {
      input: topology(families),
    })
  const ping = (family: '-4' | '-6', name: string) =>
    wireproof(['exec', '--lab', lab, 'a1', '--', 'ping', family, '-c', '2', '-i', '0.1', '-W', '2', name])
  before(async () => {
    const { code, stderr } = await up(['ipv4', 'ipv6'])
    assert.equal(code, 0, stderr)
  })
  after(() => wireproof(['down', lab]))

  for (const name of ['b1', 'store'])
    test(`reaches ${name} by its name over either`, async () => {
      for (const family of ['-4', '-6'] as const)
        assert.match((await ping(family, name)).stdout, / 2 received/, family)
    })

  test('does not answer for an address that no pod has, nor ask the wire for it', async () => {
    const { stdout } = await wireproof(['exec', '--lab', lab, 'n2', '--', 'ip', '-6', 'route'])
    assert.match(stdout, /^blackhole fd57:2::\/64/m)
  })

  test('keeps its families while it runs', async () => {
    const { code, stderr } = await up(['ipv4'])
    assert.equal(code, 2)
    assert.match(stderr, /the IP families of lab families cannot change while it runs/)
    assert.equal((await up(['ipv4', 'ipv6'])).code, 0)
  })
})
