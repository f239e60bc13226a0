import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseOptions } from './options.ts'

const needed = ['--node', 'n1', '--cluster', '/c', '--socket', '/s', '--wire', 'eth0']

test('flags that are not given leave the cluster its say', () => {
  const options = parseOptions(needed)
  assert.deepEqual([options.encryptL3, options.strict], [undefined, undefined])
  assert.deepEqual([options.node, options.cluster, options.socket, options.wire], ['n1', '/c', '/s', 'eth0'])
})

test('flags are on when named, and say true or false when asked to', () => {
  const on = parseOptions(['--enable-encrypt-l3', ...needed, '--strict'])
  assert.deepEqual([on.encryptL3, on.strict], [true, true])
  const off = parseOptions([...needed, '--enable-encrypt-l3=false', '--strict=false'])
  assert.deepEqual([off.encryptL3, off.strict], [false, false])
})

test('metrics are served over TCP only where that is asked for, on loopback unless something else is said', () => {
  assert.equal(parseOptions(needed).metrics, undefined)
  assert.deepEqual(parseOptions([...needed, '--metrics', '9465']).metrics, { host: '127.0.0.1', port: 9465 })
})

test('cleaning up needs only the wire', () => {
  assert.equal(parseOptions(['--cleanup', '--wire', 'eth0']).cleanup, true)
})

for (const argv of [
  needed.slice(2),
  ['--cleanup'],
  [...needed, '--strct'],
  [...needed, '--strict=yes'],
  [...needed, 'x'],
  [...needed, '--metrics=localhost:9465'],
])
  test(`a mistake is refused with the usage: ${argv.join(' ')}`, () => {
    assert.throws(() => parseOptions(argv), { code: 'EUSAGE', exitCode: 2, remedy: /--cluster <directory>/ })
  })
