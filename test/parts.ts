import { globSync } from 'node:fs'
import { join } from 'node:path'
import type { Part } from './side-by-side.ts'
import { root } from './wireproof.ts'

/** What `npm test` consists of. */

type Selected = (name: string) => boolean

const bin = (name: string) => join(root, 'node_modules', '.bin', name)
const exclude = ['**/node_modules/**', '**/dist/**']
const test = (...argv: string[]) => [process.execPath, '--test', '--test-concurrency=1', ...argv]

/** Files that need root in a kernel with ESP. */
const inKernels = globSync('**/*.kernel.test.ts', { cwd: root, exclude }).sort()
const others = globSync('**/*.test.ts', { cwd: root, exclude })
  .filter((file) => !file.endsWith('.kernel.test.ts'))
  .sort()
const endToEnd = others.filter((file) => file.startsWith('test/'))

export function checks(): Part[] {
  return [
    { name: 'types', argv: [process.execPath, join(root, 'node_modules/typescript/bin/tsc'), '--noEmit'] },
    { name: 'lint', argv: [bin('biome'), 'ci', '--colors=off', '.'] },
  ]
}

/** In halves that take about as long as each other: packages are tested dearly, and are the fewer. */
export function unitTests(selected: Selected): Part[] {
  const unit = others.filter((file) => !file.startsWith('test/')).filter(selected)
  return [true, false].flatMap((ofPackages) => {
    const files = unit.filter((file) => file.startsWith('packages/') === ofPackages)
    const name = `unit tests of ${ofPackages ? 'packages' : 'everything else'}`
    return files.length === 0 ? [] : { name, argv: test('--test-reporter=dot', ...files) }
  })
}

/** So many guests share the tests in the first kernel: more than processors, so that none is long alone at the end. */
const shares = 4

/** Tests inside kernels: all in the first, and in others what differs most between kernels. */
export function kernelTests([first, ...more]: readonly [string, ...string[]]): Part[] {
  const inside = (name: string, kernel: string, files: readonly string[]): Part => ({
    name: `kernels: ${name}`,
    argv: [process.execPath, join(root, 'test/in-kernel.ts'), kernel, ...files],
  })
  // Does the verifier take the programs, and do SAs encrypt, mark and count?
  const telling = inKernels.filter((file) => /(-wire|verifier|\.esp)\.kernel\.test\.ts$/.test(file))
  // What needs root and BPF, but no ESP: every kernel that a user may have can be asked.
  const datapath = inKernels.filter((file) => file.startsWith('bpf/test/'))
  return [
    ...more.map((kernel) => inside(`what differs in ${kernel}`, kernel, telling)),
    ...Array.from({ length: shares }, (_, share) =>
      inside(
        `share ${share + 1} of ${shares} in ${first}`,
        first,
        inKernels.filter((_, index) => index % shares === share),
      ),
    ),
    // Root may load programs into the kernel of this machine as it is; another user has only the kernels above.
    ...(process.geteuid?.() === 0 ? [inside("the datapath in this machine's own", 'here', datapath)] : []),
  ]
}

/** Of the dearest first, so that none is alone at the end; then those that need what is being built meanwhile. */
const dear = ['change', 'fire-drill', 'suites.demo', 'interruption']
const ofGo = ['hubble', 'pulumi']

/** End-to-end tests, and of these the demo on every kernel. */
export function endToEndTests(
  selected: Selected,
  [first, ...more]: readonly [string, ...string[]],
  programs: Promise<unknown> | undefined,
): Part[] {
  const demo = 'test/demo.test.ts'
  const rank = (file: string) => {
    const named = (names: readonly string[]) => names.findIndex((name) => file === `test/${name}.test.ts`)
    if (named(ofGo) >= 0) return dear.length + 1 + named(ofGo)
    return named(dear) >= 0 ? named(dear) : dear.length
  }
  const files = endToEnd.filter(selected).sort((a, b) => rank(a) - rank(b))
  const part = (file: string, kernel: string): Part => ({
    name: kernel === first ? file : `${file} on ${kernel}`,
    argv: test('--test-reporter=spec', file),
    env: { WIREPROOF_TEST_KERNELS: kernel },
    ...(rank(file) > dear.length && programs && { once: programs }),
  })
  return [
    ...(files.includes(demo) ? more.map((kernel) => part(demo, kernel)) : []),
    ...files.map((file) => part(file, first)),
  ]
}
