import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { provenRun } from '../proof/synthetic.ts'
import { filesOf } from './digest.ts'
import { file, secretFiles } from './format.ts'
import { openBundle } from './open.ts'
import type { Evidence } from './schema.ts'
import { leaveBundle, privateKey } from './signed-bundle.ts'
import { verifyBundle } from './verify.ts'
import { attestBundle, keptKeys } from './write-bundle.ts'

const scratch = mkdtempSync(join(tmpdir(), 'wireproof-sealed-'))
const bundle = join(scratch, 'with-keys')
before(() => leaveBundle(bundle, provenRun()))
after(() => rmSync(scratch, { recursive: true, force: true }))

describe('a bundle without keys', () => {
  const sealed = join(scratch, 'sealed')
  before(() => leaveBundle(sealed, provenRun(), { sealedOnly: true }))

  test('has none of the files that hold them, and no key anywhere', () => {
    const names = filesOf(sealed)
    for (const name of secretFiles) assert.ok(!names.includes(name), name)
    const sas = JSON.parse(readFileSync(join(bundle, file.associations), 'utf8')) as { key: string }[]
    for (const name of names) {
      const content = readFileSync(join(sealed, name))
      for (const { key } of sas) assert.ok(!content.includes(key.slice(0, 32)), name)
    }
    assert.match(readFileSync(join(sealed, file.report), 'utf8'), /This bundle holds no keys/)
  })

  test('has its keys beside it where they are to be kept, for its owner alone', async () => {
    assert.equal(existsSync(keptKeys(sealed)), false)
    const kept = join(scratch, 'kept')
    await leaveBundle(kept, provenRun(), { sealedOnly: true, keepKeys: true })
    assert.ok(!filesOf(kept).includes(file.associations))
    assert.equal(statSync(keptKeys(kept)).mode & 0o777, 0o600)
    assert.equal((await verifyBundle(kept, { keys: keptKeys(kept) })).verdict, 'PROVEN')
  })

  test('is INCONCLUSIVE by itself: what needs no key is recomputed, and is as claimed', async () => {
    const { verdict, judgement, differences, keysWithheld } = await verifyBundle(sealed)
    assert.ok(keysWithheld)
    assert.deepEqual(differences, [])
    assert.equal(verdict, 'INCONCLUSIVE')
    const stateIn = (id: string) =>
      judgement.checks.find((each) => each.id === id && each.arm === 'encrypted')?.state
    assert.equal(stateIn('wire.no-canary'), 'holds')
    assert.equal(stateIn('wire.authentic'), 'inconclusive')
  })

  test('is PROVEN with the security associations that were withheld, and with no others', async () => {
    const keys = join(bundle, file.associations)
    const { verdict, differences } = await verifyBundle(sealed, { keys })
    assert.equal(verdict, 'PROVEN')
    assert.deepEqual(differences, [])
    const others = join(scratch, 'others.json')
    writeFileSync(others, readFileSync(keys, 'utf8').replace(/"spi": \d+/, '"spi": 77'))
    await assert.rejects(verifyBundle(sealed, { keys: others }), { code: 'EKEYS', exitCode: 2 })
  })

  test('does not pass where a check that needs no key was claimed wrongly', async () => {
    const directory = join(scratch, 'sealed-lie')
    cpSync(sealed, directory, { recursive: true })
    const path = join(directory, file.evidence)
    const evidence = JSON.parse(readFileSync(path, 'utf8')) as Evidence
    evidence.checks.find(({ arm, id }) => arm === 'control' && id === 'wire.no-canary')!.state = 'holds'
    writeFileSync(path, JSON.stringify(evidence))
    attestBundle(directory, privateKey)
    const { differences } = await verifyBundle(directory)
    assert.match(
      differences[0] ?? '',
      /claims "holds" for control\/wire\.no-canary, and the captures say "fails"/,
    )
  })

  test('cannot be opened without them', async () => {
    await assert.rejects(openBundle(sealed), { code: 'ENOKEYS', exitCode: 2 })
  })
})
