import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { type Outcome, run, wireproof } from './wireproof.ts'

const directory = mkdtempSync(join(tmpdir(), 'wireproof-bad-'))
after(() => rmSync(directory, { recursive: true, force: true }))

function write(name: string, content: string): string {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

function refused(outcome: Outcome, code: number, says: RegExp): void {
  assert.equal(outcome.code, code, outcome.stderr)
  assert.match(outcome.stderr, says)
  assert.doesNotMatch(outcome.stderr, /\n\s+at /, 'a stack was printed')
}

describe('what a user gets wrong is answered in a sentence, with the documented exit code', () => {
  test('an unknown flag', async () => {
    refused(await wireproof(['up', '--frobnicate']), 2, /unknown option '--frobnicate'/)
  })

  test('an unknown verb', async () => {
    refused(await wireproof(['frobnicate']), 2, /unknown command 'frobnicate'/)
  })

  test('rounds of a demo in which nothing changes, and a number of them that is none', async () => {
    refused(
      await wireproof(['demo', 'fire-drill', '--rounds', '3']),
      2,
      /nothing changes in the fire-drill demo/,
    )
    refused(await wireproof(['demo', 'rotate', '--rounds', '0']), 2, /Allowed: 1 to 10000/)
    refused(await wireproof(['demo', 'restart', '--seed', 'a b']), 2, /letters, digits and dashes/)
  })

  test('a kernel that does not exist', async () => {
    refused(await wireproof(['up', '--kernel', 'bsd']), 2, /Allowed: host, uml, qemu/)
  })

  test('a lab name that cannot be one', async () => {
    refused(await wireproof(['up', '--name', 'My Lab']), 2, /lower-case letters, digits and dashes/)
  })

  test('a lab to take down that is a path out of where labs are: nothing outside is touched', async () => {
    const outcome = await wireproof(['down', `../../..${directory}`])
    refused(outcome, 2, /lower-case letters, digits and dashes/)
    assert.ok(existsSync(directory))
  })

  test('a reader that goes away ends a command without a stack', async () => {
    const command = `"${process.execPath}" cli/main.ts doctor --json | true; exit "\${PIPESTATUS[0]}"`
    refused(await run(['bash', '-c', command]), 141, /^$/)
  })

  test('a window, a verdict or a number that makes no sense', async () => {
    refused(await wireproof(['audit', '--since', '5x']), 2, /Give a number and a unit, such as 500ms/)
    refused(await wireproof(['audit', '--since', '5m', '--for', '5s']), 2, /cannot be used with/)
    refused(await wireproof(['monitor', '--verdict', 'fine']), 2, /Allowed choices are forwarded, encrypted/)
    refused(await wireproof(['rotate', '--every', 'hourly']), 2, /Give a number and a unit, such as 500ms/)
    refused(await wireproof(['rotate', '--packets', '1.5']), 2, /whole number from 1, such as 1000000 or 1e9/)
    refused(await wireproof(['monitor', '--last', '0']), 2, /Give a whole number from 1/)
  })

  test('a topology with an unknown key: file, line, and what is allowed', async () => {
    const file = write('unknown.yaml', 'nodes:\n  - name: n1\n    cpu: 4\n')
    refused(
      await wireproof(['up', '--topology', file]),
      2,
      /unknown\.yaml:3: cpu is unknown here; allowed: name/,
    )
  })

  test('a topology that is not there', async () => {
    refused(await wireproof(['up', '--topology', join(directory, 'none.yaml')]), 2, /cannot be read: ENOENT/)
  })

  test('a lab that does not exist', async () => {
    refused(await wireproof(['exec', '--lab', 'nosuch', 'a1', '--', 'true']), 2, /no lab is called nosuch/)
  })

  test('a demo that does not exist', async () => {
    refused(await wireproof(['demo', 'nosuch', '--evidence', directory]), 2, /nosuch/)
  })

  test('a bundle that is none', async () => {
    refused(await wireproof(['verify', directory]), 2, /evidence\.json/)
  })

  test('a bundle that is a file', async () => {
    refused(await wireproof(['verify', write('file', 'x')]), 2, /file is no evidence bundle: it is a file/)
  })

  test('a capture that is empty, a text, or a directory: the file and the reason', async () => {
    refused(await wireproof(['explain', write('empty.pcap', ''), '1']), 2, /empty\.pcap: it is empty/)
    refused(
      await wireproof(['explain', write('text.pcap', 'this is no capture\n'), '1']),
      2,
      /text\.pcap: it is neither pcap nor pcapng/,
    )
    refused(
      await wireproof(['explain', directory, '1']),
      2,
      /it is a directory, and neither a capture nor a bundle/,
    )
    refused(await wireproof(['explain', join(directory, 'none'), '1']), 2, /none: there is no such file/)
  })

  test('a frame number that is none', async () => {
    refused(await wireproof(['explain', directory, '0']), 2, /Give a number from 1, or pods:<number>/)
  })

  test('keys that are none', async () => {
    const keys = write('keys', 'nothing of the kind\n')
    refused(await wireproof(['explain', directory, '1', '--keys', keys]), 2, /keys: .*line 1/)
  })

  test('a signer that is none, and a signing key that is not there', async () => {
    refused(
      await wireproof(['verify', directory, '--key', 'somebody']),
      2,
      /neither a fingerprint nor a public key/,
    )
    const missing = join(directory, 'none.pem')
    refused(await wireproof(['demo', '--signing-key', missing]), 2, /there is no signing key at .*none\.pem/)
  })

  test('evidence that cannot be written', async () => {
    refused(await wireproof(['demo', '--evidence', '/proc/evidence']), 4, /\/proc\/evidence/)
  })
})
