import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { after, before, test } from 'node:test'
import { provenRun } from '../proof/synthetic.ts'
import { filesOf } from './digest.ts'
import { openBundle } from './open.ts'
import { leaveBundle } from './signed-bundle.ts'

const scratch = mkdtempSync(join(tmpdir(), 'wireproof-open-'))
const bundle = join(scratch, 'synthetic')
before(() => leaveBundle(bundle, provenRun()))
after(() => rmSync(scratch, { recursive: true, force: true }))

test('open prints the line for tshark where there is no screen, and starts Wireshark where there is one', async () => {
  let text = ''
  const output = new Writable({
    write(chunk, _, done) {
      text += chunk
      done()
    },
  })
  assert.equal(await openBundle(bundle, { environment: {}, output }), 0)
  assert.match(text, /^cd .*synthetic.*\nWIRESHARK_CONFIG_DIR=\$PWD\/wireshark tshark -C wireproof/)

  const bin = join(scratch, 'bin')
  mkdirSync(bin)
  const told = join(scratch, 'told')
  writeFileSync(
    join(bin, 'wireshark'),
    `#!/bin/sh\nprintf '%s\\n' "$@" > ${told}\ncat "$WIRESHARK_CONFIG_DIR/profiles/wireproof/esp_sa" >> ${told}\ntouch "$WIRESHARK_CONFIG_DIR/recent"\n`,
    { mode: 0o755 },
  )
  const files = filesOf(bundle)
  assert.equal(
    await openBundle(bundle, { environment: { DISPLAY: ':0', PATH: `${bin}:${process.env.PATH}` }, output }),
    0,
  )
  const arguments_ = readFileSync(told, 'utf8')
  assert.match(arguments_, /^-C\nwireproof\n.*wire\.pcapng\n"IPv4","192\.168\.0\.1"/)
  assert.deepEqual(filesOf(bundle), files, 'what Wireshark writes is not written into the bundle')
})
