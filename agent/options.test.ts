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

test('keys are kept for as long as they last, unless an age is given', () => {
  assert.equal(parseOptions(needed).rekeyAfter, undefined)
  assert.equal(parseOptions([...needed, '--rekey-after', '24h']).rekeyAfter, 86_400_000)
  for (const wrong of ['24', '0h', '500ms', 'soon'])
    assert.throws(() => parseOptions([...needed, '--rekey-after', wrong]), { code: 'EUSAGE' })
})

test('metrics are served over TCP only where that is asked for, on loopback unless something else is said', () => {
  assert.equal(parseOptions(needed).metrics, undefined)
  assert.deepEqual(parseOptions([...needed, '--metrics', '9465']).metrics, { host: '127.0.0.1', port: 9465 })
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
  [...needed, '--metrics=localhost:9465'],
])
  test(`a mistake is refused with the usage: ${argv.join(' ')}`, () => {
    assert.throws(() => parseOptions(argv), { code: 'EUSAGE', exitCode: 2, remedy: /--cluster <directory>/ })
  })

const listen = ['--hubble-listen', '[::]:4244', '--hubble-tls-cert', '/cert', '--hubble-tls-key', '/key']

test('Hubble is served where it is told to be, and over TCP with a certificate', () => {
  assert.deepEqual([parseOptions(needed).hubble, parseOptions(needed).hubbleTls], [undefined, undefined])
  assert.equal(parseOptions([...needed, '--hubble', '/h']).hubble, '/h')
  const tls = { host: '::', port: 4244, certificate: '/cert', key: '/key' }
  assert.deepEqual(parseOptions([...needed, ...listen]).hubbleTls, tls)
  const mutual = parseOptions([...needed, ...listen, '--hubble-tls-client-ca', '/ca'])
  assert.deepEqual(mutual.hubbleTls, { ...tls, clientCa: '/ca' })
})

test('Hubble over TCP in clear is refused, and a certificate for nothing, and what is no address', () => {
  for (const left of [2, 4]) {
    const argv = [...needed, ...listen.toSpliced(left, 2)]
    assert.throws(() => parseOptions(argv), { code: 'EUSAGE', message: /not served over TCP in clear/ })
  }
  assert.throws(() => parseOptions([...needed, ...listen.slice(2)]), {
    code: 'EUSAGE',
    message: /is missing/,
  })
  const nameless = [...needed, ...listen.with(1, 'n1')]
  assert.throws(() => parseOptions(nameless), { code: 'EUSAGE', message: /^--hubble-listen is a port/ })
})

test('an agent ends in a kernel that cannot encrypt, unless it is to guard the node all the same', () => {
  assert.equal(parseOptions(needed).withoutEsp, 'end')
  assert.equal(parseOptions([...needed, '--without-esp=guard']).withoutEsp, 'guard')
  assert.throws(() => parseOptions([...needed, '--without-esp=leak']), { message: /is end or guard/ })
})
