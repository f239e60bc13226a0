import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import type { CheckResult } from '../demos/proof/index.ts'
import { kernelsToTest, wireproof } from './wireproof.ts'

const [kernel] = kernelsToTest
const scratch = mkdtempSync(join(tmpdir(), 'wireproof-nodes-'))
after(() => rmSync(scratch, { recursive: true, force: true }))

describe(`the nodes demo on kernel ${kernel}`, () => {
  let bundle: string
  let checks: readonly CheckResult[]
  const check = (arm: string, id: string) => checks.find((each) => each.arm === arm && each.id === id)!

  test('ends PROVEN, and verify agrees', async () => {
    const outcome = await wireproof(['demo', 'nodes', '--kernel', kernel, '--evidence', scratch])
    assert.equal(outcome.code, 0, outcome.stdout + outcome.stderr)
    assert.match(outcome.stdout, /encryption policy nodes-too selects no node/)
    bundle = join(scratch, readdirSync(scratch)[0]!)
    checks = JSON.parse(readFileSync(join(bundle, 'evidence.json'), 'utf8')).checks
    const verified = await wireproof(['verify', bundle])
    assert.equal(verified.code, 0, verified.stdout + verified.stderr)
  })

  test('saw what nodes sent themselves sealed, and nothing of it in clear', () => {
    assert.ok(check('nodes', 'wire.complete').numbers.ofNodes! > 50)
    assert.equal(check('nodes', 'wire.no-cleartext').numbers.clear, 0)
  })

  test('saw the misspelt policy leak what nodes sent', () => {
    assert.equal(check('nodes/misspelt', 'sabotage.caught').state, 'holds')
    assert.equal(check('nodes/misspelt', 'wire.no-cleartext').state, 'fails')
  })

  test('saw the node’s own packets where its policies were gone: in clear, or stopped', () => {
    for (const mode of ['permissive', 'strict']) {
      const { state, says } = check(`policies-deleted/${mode}`, 'sabotage.caught')
      assert.equal(state, 'holds', says)
      assert.match(says, /n1's/)
    }
  })
})
