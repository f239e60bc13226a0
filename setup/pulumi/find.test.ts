import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { findOnPath } from './find.ts'
import { oldestUsable } from './release.ts'
import { scratch, script } from './scratch.ts'
import { isAtLeast, versionIn } from './versions.ts'

test('versions are compared by number, part by part', () => {
  assert.equal(isAtLeast('3.259.0', '3.259.0'), true)
  assert.equal(isAtLeast('3.1000.0', '3.259.0'), true)
  assert.equal(isAtLeast('3.26.9', '3.259.0'), false)
  assert.equal(isAtLeast('1.26', '1.21'), true)
  assert.equal(isAtLeast('1.3.9', '1.21'), false)
  assert.equal(isAtLeast('4.0.0', '3.259.0'), true)
})

test('a version is found in what programs print', () => {
  assert.equal(versionIn('v3.259.0\n'), '3.259.0')
  assert.equal(versionIn('go version go1.26.8 linux/amd64'), '1.26.8')
  assert.equal(versionIn('3.270.0-alpha.1'), '3.270.0')
  assert.equal(versionIn(''), undefined)
})

test('a CLI on PATH that is new enough and has its language host is used', async (t) => {
  const bin = scratch(t)
  script(join(bin, 'pulumi'), `echo v${oldestUsable}`)
  script(join(bin, 'pulumi-language-nodejs'), 'true')
  const found = await findOnPath({ PATH: bin })
  assert.deepEqual(found, {
    cli: { program: join(bin, 'pulumi'), directory: bin, version: oldestUsable, origin: 'path' },
  })
})

test('any other is left alone, and it is said why', async (t) => {
  const bin = scratch(t)
  const why = async () => {
    const found = await findOnPath({ PATH: bin })
    return 'why' in found ? found.why : assert.fail('it was used')
  }
  mkdirSync(join(bin, 'empty'))
  assert.deepEqual(await findOnPath({ PATH: join(bin, 'empty') }), { why: 'there is no pulumi on PATH' })
  script(join(bin, 'pulumi'), `echo v${oldestUsable}`)
  assert.match(await why(), /comes without pulumi-language-nodejs/)
  script(join(bin, 'pulumi'), 'echo v3.100.0')
  assert.match(await why(), new RegExp(`is 3.100.0; ${oldestUsable} or newer is needed`))
  script(join(bin, 'pulumi'), 'exit 1')
  assert.match(await why(), /does not tell its version/)
})
