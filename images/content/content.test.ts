import assert from 'node:assert/strict'
import test from 'node:test'
import { importsOf } from './imports.ts'
import { libraryIn } from './libraries.ts'
import { type Lock, npmClosure } from './npm-closure.ts'
import { sbomOf } from './sbom.ts'

test('imports that load something are found, and those of types are not', () => {
  const text = `import { a } from './a.ts'
import type { B } from './b.ts'
import c, {
  type D,
  d,
} from 'c'
import './effect.ts'
export * from './e.ts'
export type { F } from './f.ts'
const g = await import('./g.ts')
`
  assert.deepEqual(importsOf(text).sort(), ['./a.ts', './e.ts', './effect.ts', './g.ts', 'c'])
})

const lock: Lock = {
  packages: {
    'node_modules/@w/net': { link: true, resolved: 'packages/net' },
    'packages/net': { version: '1.0.0', dependencies: { ffi: '1' } },
    'node_modules/ffi': { version: '1.0.0', optionalDependencies: { 'ffi-linux': '1', 'ffi-windows': '1' } },
    'node_modules/ffi-linux': { version: '1.0.0', dependencies: { deep: '1' } },
    'node_modules/ffi-linux/node_modules/deep': { version: '1.0.0' },
    'node_modules/deep': { version: '2.0.0' },
    'node_modules/unused': { version: '1.0.0' },
  },
}

test('what packages need is found as Node finds it: links followed, the nearest first, what is for others left', () => {
  assert.deepEqual(
    npmClosure(lock, ['@w/net']).map(({ path }) => path),
    [
      'node_modules/ffi',
      'node_modules/ffi-linux',
      'node_modules/ffi-linux/node_modules/deep',
      'packages/net',
    ],
  )
  assert.throws(() => npmClosure(lock, ['absent']), /has no absent/)
})

test('libraries are found in what ldd prints', () => {
  const [z, loader, none] = [
    '\tlibz.so.1 => /lib/x86_64-linux-gnu/libz.so.1 (0x00007f1c)',
    '\t/lib64/ld-linux-x86-64.so.2 (0x00007f1d)',
    '\tlinux-vdso.so.1 (0x00007ffd)',
  ].map(libraryIn)
  assert.deepEqual(
    [z, loader, none],
    ['/lib/x86_64-linux-gnu/libz.so.1', '/lib64/ld-linux-x86-64.so.2', undefined],
  )
})

test('the bill names every package so that others can look it up', () => {
  const npm = npmClosure(lock, ['@w/net'])
  const debian = [{ name: 'libc6', version: '2.36-9+deb12u14', architecture: 'amd64' }]
  const { components } = sbomOf({ name: 'image', version: '1' }, npm, debian) as {
    components: { purl: string }[]
  }
  const purls = components.map(({ purl }) => purl)
  assert.ok(purls.includes('pkg:npm/%40w/net@1.0.0'))
  assert.ok(purls.includes('pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64'))
  assert.equal(purls.length, npm.length + 1)
})
