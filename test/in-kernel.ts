/** `node test/in-kernel.ts <kernel>|here <test file>...`: tests that need root, in a kernel that is booted for them. */
import assert from 'node:assert/strict'
import { obtainStrongswan } from './strongswan/packages.ts'
import { leftovers, run } from './wireproof.ts'

const [kernel = '', ...files] = process.argv.slice(2)

// A booted kernel has no network of its own to fetch it by.
if (files.some((file) => file.includes('coexistence'))) await obtainStrongswan()

const boot = kernel === 'here' ? [] : [process.execPath, 'lab/vm/run.ts', '--kernel', kernel, '--']
const tests = [process.execPath, '--test', '--test-concurrency=1', '--test-reporter=spec', ...files]
const { code, stdout, stderr } = await run([...boot, ...tests])
process.stdout.write(stdout)
process.stderr.write(stderr)
assert.equal(code, 0)
assert.match(stdout, /pass [1-9]/)
assert.match(stdout, /skipped 0/)
assert.deepEqual(leftovers(), [])
