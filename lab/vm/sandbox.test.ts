import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMountInfo, type SandboxPlan, sandboxScript } from './sandbox.ts'

const mountInfo = `22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
23 22 0:21 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw
24 22 8:2 / /srv/my\\040data rw,nosuid,nodev,noatime - xfs /dev/sdb1 rw
25 22 0:22 / /tmp/inner rw - tmpfs tmpfs rw
`

const plan: SandboxPlan = {
  mounts: parseMountInfo(mountInfo),
  exists: () => true,
  visible: [
    { path: '/home/me/project', kind: 'directory' },
    { path: '/usr/bin/node', kind: 'file' },
  ],
  memoryMib: 100,
  files: { init: 'echo "$HOME"' },
  devices: [],
  uid: 61_723,
  cwd: '/',
  env: { TMPDIR: '/dev/shm' },
  argv: ['/opt/linux', 'a b'],
}

const lines = (changes: Partial<SandboxPlan> = {}) => sandboxScript({ ...plan, ...changes }).split('\n')

test('mounts are read with spaces in their paths', () => {
  assert.deepEqual(parseMountInfo(mountInfo)[2], {
    target: '/srv/my data',
    options: ['rw', 'nosuid', 'nodev', 'noatime'],
  })
})

test('every mount that stays in sight becomes read-only, with the flags it had', () => {
  assert.ok(lines().includes('mount -o remount,bind,ro,relatime /mnt'))
  assert.ok(lines().includes("mount -o remount,bind,ro,nosuid,nodev,noatime '/mnt/srv/my data'"))
})

test('what is writable for everyone or secret is replaced, and what lies in it is gone', () => {
  for (const place of ['tmp', 'run', 'root', 'home', 'dev', 'sys', 'var/tmp']) {
    assert.ok(
      lines().some((line) => line.startsWith('mount -t tmpfs') && line.endsWith(` /mnt/${place}`)),
      place,
    )
  }
  assert.ok(!lines().some((line) => line.includes('/tmp/inner')))
})

test('what must be seen is shown read-only where it lies in something replaced, and else left alone', () => {
  const script = lines()
  const shown = script.indexOf('mount --rbind /home/me/project /mnt/home/me/project')
  assert.ok(shown > 0)
  assert.equal(script[shown + 1], 'mount -o remount,bind,ro,relatime /mnt/home/me/project')
  assert.ok(!script.some((line) => line.includes('/usr/bin/node')))
})

test('the old root is gone before the program starts, without privileges, and dies with the sandbox', () => {
  const script = lines()
  const start = script.findIndex((line) => line.startsWith('setpriv '))
  assert.ok(script.indexOf('umount -l .') < start)
  assert.match(
    script[start]!,
    /--reuid=61723 --regid=61723 --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs --pdeathsig KILL env -i TMPDIR=\/dev\/shm \/opt\/linux 'a b'$/,
  )
  assert.doesNotMatch(lines({ uid: undefined })[start]!, /reuid/)
})

test('it is put together where nothing has to be seen', () => {
  const visible = [{ path: '/mnt/disk/project', kind: 'directory' as const }]
  assert.ok(lines({ visible }).includes('mount --rbind / /media'))
  assert.throws(() => lines({ exists: (path) => path === '/mnt', visible }), /none of/)
})
