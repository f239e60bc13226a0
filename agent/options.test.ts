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

test('the programs are those beside the agent, unless others are named', () => {
  assert.equal(parseOptions(needed).datapath, undefined)
  assert.equal(parseOptions([...needed, '--datapath', '/d.o']).datapath, '/d.o')
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
])
  test(`a mistake is refused with the usage: ${argv.join(' ')}`, () => {
    assert.throws(() => parseOptions(argv), { code: 'EUSAGE', exitCode: 2, remedy: /--cluster <directory>/ })
  })
