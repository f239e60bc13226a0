import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadOrder, parseModulesDep } from './modules.ts'

const dependencies = parseModulesDep(`kernel/fs/9p/9p.ko: kernel/net/9p/9pnet.ko kernel/fs/netfs/netfs.ko
kernel/net/9p/9pnet.ko: kernel/fs/netfs/netfs.ko
kernel/fs/netfs/netfs.ko:
kernel/fs/overlayfs/overlay.ko.xz:
kernel/net/snd-foo.ko:
`)

test('a module comes after everything it depends on, and once', () => {
  assert.deepEqual(loadOrder(dependencies, ['9pnet', '9p', 'overlay']), [
    'kernel/fs/netfs/netfs.ko',
    'kernel/net/9p/9pnet.ko',
    'kernel/fs/9p/9p.ko',
    'kernel/fs/overlayfs/overlay.ko.xz',
  ])
})

test('a module that is built in is left out, and a dash is an underscore', () => {
  assert.deepEqual(loadOrder(dependencies, ['virtio_pci', 'snd_foo']), ['kernel/net/snd-foo.ko'])
})
