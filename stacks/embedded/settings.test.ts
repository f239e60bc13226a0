import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { Problem } from '../../lab/problem.ts'
import { readSettings } from './settings.ts'
import { topologyOf } from './topology.ts'

const read = (config: Record<string, string>, directory = '/') =>
  readSettings((key) => config[key], directory)

function complaintAbout(config: Record<string, string>): string {
  try {
    read(config)
  } catch (error) {
    assert.ok(error instanceof Problem)
    assert.equal(error.exitCode, 2)
    return error.message
  }
  assert.fail(`no complaint about ${JSON.stringify(config)}`)
}

test('without configuration it is the default lab, on the first kernel that can do it', () => {
  assert.deepEqual(read({}), { name: 'lab', topology: topologyOf(3, 2) })
})

test('everything can be chosen', () => {
  const chosen = { name: 'stage', nodes: '5', podsPerNode: '1', kernel: 'qemu:6.1' }
  assert.deepEqual(read(chosen), { name: 'stage', kernel: 'qemu:6.1', topology: topologyOf(5, 1) })
})

test('a complaint names the property, what it is and what is allowed', () => {
  for (const nodes of ['0', '251', 'abc', '1.5', '-1', ''])
    assert.equal(
      complaintAbout({ nodes }),
      `wireproof:nodes must be a whole number from 1 to 250; it is ${JSON.stringify(nodes)}`,
    )
  assert.match(
    complaintAbout({ podsPerNode: '51' }),
    /^wireproof:podsPerNode must be .* from 0 to 50; it is "51"$/,
  )
  assert.match(
    complaintAbout({ kernel: 'bsd' }),
    /^wireproof:kernel must be one of host, uml, .*; it is "bsd"$/,
  )
  assert.match(complaintAbout({ name: 'My Lab' }), /^wireproof:name must be .* it is "My Lab"$/)
})

test('all mistakes are told at once', () => {
  assert.equal(complaintAbout({ nodes: 'x', podsPerNode: 'y', name: '', kernel: 'z' }).split('\n').length, 4)
})

test('a topology file takes the place of the numbers; its path is seen from the project', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'settings-'))
  t.after(() => rm(directory, { recursive: true }))
  writeFileSync(join(directory, 'pair.yaml'), 'nodes: [{ name: left }, { name: right }]\n')
  const { topology } = read({ topology: 'pair.yaml' }, directory)
  assert.deepEqual(
    topology.nodes.map(({ name }) => name),
    ['left', 'right'],
  )
})

test('a topology file beside a number of nodes is a contradiction', () => {
  assert.match(
    complaintAbout({ topology: 'pair.yaml', nodes: '3' }),
    /^wireproof:topology says which nodes there are, so wireproof:nodes must not be set/,
  )
})
