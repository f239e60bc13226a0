import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { before, describe, test } from 'node:test'
import { obtainStrongswan } from './strongswan/packages.ts'
import { kernelsToTest, leftovers, type Outcome, root, run } from './wireproof.ts'

/** Files that need root in a kernel with ESP. */
const all = globSync('**/*.kernel.test.ts', { cwd: root, exclude: ['**/node_modules/**'] }).sort()
/** What differs most between kernels: does the verifier take the programs, and do SAs encrypt, mark and count? */
const telling = all.filter((file) => /(-wire|verifier|\.esp)\.kernel\.test\.ts$/.test(file))
/** What needs root and BPF, but no ESP: every kernel that a user may have can be asked. */
const datapath = all.filter((file) => file.startsWith('bpf/test/'))

const [first, ...others] = kernelsToTest

describe('tests that need root and ESP', () => {
  // A booted kernel has no network of its own to fetch it by.
  before(obtainStrongswan)

  test('exist', () => {
    assert.ok(all.length > 0)
    assert.ok(telling.length > 0 && telling.length < all.length)
  })

  // Side by side, here and below: each kernel keeps one processor busy.
  const shares = availableParallelism()
  describe('all of them', { concurrency: shares }, () => {
    for (let share = 0; share < shares; share++)
      test(`pass inside kernel ${first}, share ${share + 1} of ${shares}`, () =>
        passInside(
          first,
          all.filter((_, index) => index % shares === share),
        ))
  })

  describe('the telling ones', { concurrency: others.length || 1 }, () => {
    for (const kernel of others) test(`pass inside kernel ${kernel}`, () => passInside(kernel, telling))
  })

  // Root may load programs into the kernel of this machine as it is; another user has only the kernels above.
  if (process.geteuid?.() === 0)
    test("of the datapath pass inside this machine's own kernel", async () => {
      passed(await run([process.execPath, '--test', ...datapath]))
    })

  test('leave nothing on the machine', () => assert.deepEqual(leftovers(), []))
})

async function passInside(kernel: string, files: readonly string[]): Promise<void> {
  const argv = [process.execPath, 'lab/vm/run.ts', '--kernel', kernel, '--', process.execPath, '--test']
  passed(await run([...argv, '--test-concurrency=1', ...files]))
}

function passed(outcome: Outcome): void {
  assert.equal(outcome.code, 0, outcome.stdout + outcome.stderr)
  assert.match(outcome.stdout, /pass [1-9]/)
  assert.match(outcome.stdout, /skipped 0/)
}
