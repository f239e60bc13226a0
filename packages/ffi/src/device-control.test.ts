import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { deviceControl } from './device-control.ts'
import { libc } from './libc.ts'
import { check } from './system-error.ts'

const SIOCETHTOOL = 0x8946
const ETHTOOL_GGSO = 0x23

function openSocket(context: TestContext): number {
  const socket = check('socket', libc.socket(2, 2, 0))
  context.after(() => libc.close(socket))
  return socket
}

function question(): Buffer {
  const data = Buffer.alloc(8)
  data.writeUInt32LE(ETHTOOL_GGSO)
  data.writeUInt32LE(0xdead, 4)
  return data
}

test('the kernel reads the data and answers in it', (context) => {
  const data = question()
  assert.equal(deviceControl(openSocket(context), SIOCETHTOOL, 'lo', data), 0)
  assert.ok(data.readUInt32LE(4) <= 1, 'generic segmentation offload of lo is on or off')
})

test('a device that does not exist is refused, and the data stays', (context) => {
  const data = question()
  assert.throws(() => check('ioctl', deviceControl(openSocket(context), SIOCETHTOOL, 'none0', data)), {
    code: 'ENODEV',
  })
  assert.deepEqual(data, question())
})

for (const name of ['sixteen-bytes-xx', 'much-longer-than-any-device'])
  test(`${name} is too long and not cut short`, (context) => {
    assert.throws(() => deviceControl(openSocket(context), SIOCETHTOOL, name, question()), TypeError)
  })
