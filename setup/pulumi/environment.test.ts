import assert from 'node:assert/strict'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { directories } from './directories.ts'
import { pulumiEnvironment } from './environment.ts'
import type { Cli } from './find.ts'
import { passphraseFile } from './passphrase.ts'
import { scratch } from './scratch.ts'
import { keepSaltOutOf } from './stack-file.ts'

const cli: Cli = { program: '/opt/p/pulumi', directory: '/opt/p', version: '3.259.0', origin: 'build' }

function start(t: TestContext, env: NodeJS.ProcessEnv = {}) {
  const places = directories({}, scratch(t))
  return { places, env: pulumiEnvironment(cli, places, { PATH: '/usr/bin', ...env }) }
}

test('no account is needed: state and passphrase are files of the user', (t) => {
  const { env, places } = start(t)
  assert.equal(env.PULUMI_BACKEND_URL, `file://${places.state}`)
  assert.ok(statSync(places.state).isDirectory())
  assert.ok(readFileSync(env.PULUMI_CONFIG_PASSPHRASE_FILE!, 'utf8').length >= 32)
})

test('what the user has set stays', (t) => {
  const own = {
    PULUMI_BACKEND_URL: 'https://api.pulumi.com',
    PULUMI_CONFIG_PASSPHRASE: '',
    PULUMI_HOME: '/h',
  }
  const { env } = start(t, own)
  for (const [name, value] of Object.entries(own)) assert.equal(env[name], value)
  assert.equal(env.PULUMI_CONFIG_PASSPHRASE_FILE, undefined)
})

test('Pulumi finds this node before any other, then its language host', (t) => {
  assert.equal(start(t).env.PATH, `${dirname(process.execPath)}:/opt/p:/usr/bin`)
})

test('the passphrase is its owner’s only, differs from user to user, and is made once', (t) => {
  const [one, other] = [scratch(t), scratch(t)].map((home) => join(home, 'config'))
  const file = passphraseFile(one!)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  const secret = readFileSync(file, 'utf8')
  assert.equal(readFileSync(passphraseFile(one!), 'utf8'), secret)
  assert.notEqual(readFileSync(passphraseFile(other!), 'utf8'), secret)
})

const stackFile = '# comment\nconfig:\n  wireproof:nodes: 3\n'

test('the salt that Pulumi adds to the stack file is taken out again, the rest left as it was', (t) => {
  const file = join(scratch(t), 'Pulumi.embedded.yaml')
  writeFileSync(file, stackFile)
  const restore = keepSaltOutOf(file)
  writeFileSync(file, `# comment\nencryptionsalt: v1:abc=:v1:def\nconfig:\n    wireproof:nodes: 3\n`)
  restore()
  assert.equal(readFileSync(file, 'utf8'), stackFile)
})

test('a change of the configuration stays; only the salt goes', (t) => {
  const file = join(scratch(t), 'Pulumi.embedded.yaml')
  writeFileSync(file, stackFile)
  const restore = keepSaltOutOf(file)
  writeFileSync(file, `encryptionsalt: v1:abc=:v1:def\nconfig:\n  wireproof:nodes: "4"\n`)
  restore()
  assert.equal(readFileSync(file, 'utf8'), 'config:\n  wireproof:nodes: "4"\n')
})

test('a stack file with secrets in it keeps the salt they need', (t) => {
  const file = join(scratch(t), 'Pulumi.embedded.yaml')
  writeFileSync(file, stackFile)
  const restore = keepSaltOutOf(file)
  const withSecret = `encryptionsalt: v1:abc=:v1:def\nconfig:\n  wireproof:key:\n    secure: v1:xyz\n`
  writeFileSync(file, withSecret)
  restore()
  assert.equal(readFileSync(file, 'utf8'), withSecret)
})
