import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, openSync, readFileSync, readlinkSync } from 'node:fs'
import { test } from 'node:test'
import { currentNetworkNamespace, inNetworkNamespace } from './namespace.ts'

const here = () => readlinkSync(currentNetworkNamespace)
const devices = () =>
  readFileSync('/proc/thread-self/net/dev', 'utf8')
    .split('\n')
    .slice(2)
    .flatMap((line) => line.match(/^\s*(\S+):/)?.[1] ?? [])

test('an action runs in a new namespace, and the thread is back afterwards', () => {
  const home = here()
  const inside = inNetworkNamespace('new', () => {
    assert.ok(devices().includes('lo'))
    return here()
  })
  assert.notEqual(inside, home)
  assert.equal(here(), home)
})

test('a namespace is entered by path, as by the path of an open descriptor', () => {
  const descriptor = inNetworkNamespace('new', () => openSync(currentNetworkNamespace, 'r'))
  try {
    const path = `/proc/thread-self/fd/${descriptor}`
    const expected = readlinkSync(path)
    assert.equal(inNetworkNamespace(path, here), expected)
  } finally {
    closeSync(descriptor)
  }
})

test('namespaces nest', () => {
  const home = here()
  inNetworkNamespace('new', () => {
    const outer = here()
    inNetworkNamespace('new', () => assert.notEqual(here(), outer))
    assert.equal(here(), outer)
  })
  assert.equal(here(), home)
})

test('an action that throws brings the thread back as well', () => {
  const home = here()
  assert.throws(
    () =>
      inNetworkNamespace('new', () => {
        throw new Error('action')
      }),
    /action/,
  )
  assert.equal(here(), home)
})

test('an asynchronous action is refused', () => {
  assert.throws(() => inNetworkNamespace('new', async () => {}), TypeError)
})

test('a namespace that does not exist, or is none, leaves the thread where it is', () => {
  const home = here()
  assert.throws(() => inNetworkNamespace('/run/netns/none', here), { code: 'ENOENT' })
  assert.throws(() => inNetworkNamespace('/proc/thread-self/ns/mnt', here), { code: 'EINVAL' })
  assert.equal(here(), home)
})

test('who may not change namespaces can still ask for the one it is in', () => {
  const program = `
    import { inNetworkNamespace } from ${JSON.stringify(new URL('namespace.ts', import.meta.url).href)}
    console.log(inNetworkNamespace('/proc/self/ns/net', () => 'here'))
    try { inNetworkNamespace('new', () => 'elsewhere') } catch ({ code }) { console.log(code) }`
  const argv = ['--inh-caps=-sys_admin', '--bounding-set=-sys_admin', process.execPath]
  const { stdout, stderr } = spawnSync('setpriv', [...argv, '--input-type=module', '-e', program], {
    encoding: 'utf8',
  })
  assert.equal(stdout, 'here\nEPERM\n', stderr)
})
