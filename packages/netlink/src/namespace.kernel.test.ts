import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { currentNetworkNamespace, inNetworkNamespace } from '@wireproof/ffi'
import { createNamespace, deleteNamespace, listNamespaces, setSysctl } from './namespace.ts'
import { testNamespace } from './test-namespace.ts'

test('a namespace is seen by iproute2, is a new one, and leaves the thread where it was', (context) => {
  const before = readlinkSync(currentNetworkNamespace)
  const { name, path } = testNamespace(context)
  assert.equal(readlinkSync(currentNetworkNamespace), before)
  assert.match(execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' }), new RegExp(`^${name}\\b`, 'm'))
  assert.notEqual(`net:[${statSync(path).ino}]`, before)
  assert.equal(
    inNetworkNamespace(path, () => readlinkSync(currentNetworkNamespace)),
    `net:[${statSync(path).ino}]`,
  )
  assert.ok(listNamespaces().includes(name))
})

test('one that iproute2 made is listed and deleted', () => {
  const name = `netlink-test-${process.pid}`
  execFileSync('ip', ['netns', 'add', name])
  assert.ok(listNamespaces().includes(name))
  deleteNamespace(name)
  assert.ok(!listNamespaces().includes(name))
})

test('a name in use is refused, and the namespace that has it stays', (context) => {
  const { name, path } = testNamespace(context)
  const { ino } = statSync(path)
  assert.throws(() => createNamespace(name), { code: 'EEXIST' })
  assert.equal(statSync(path).ino, ino)
})

test('a name that does not exist cannot be deleted', () => {
  assert.throws(() => deleteNamespace('netlink-test-none'), { code: 'ENOENT' })
})

for (const name of ['', '.', '..', 'a/b', 'a\0b'])
  test(`${JSON.stringify(name)} is no name`, () => {
    assert.throws(() => createNamespace(name), TypeError)
    assert.throws(() => deleteNamespace(name), TypeError)
  })

test('the file of a creator that was killed before it mounted is deleted', (context) => {
  const { name } = testNamespace(context)
  const left = `${name}-left`
  writeFileSync(`/run/netns/${left}`, '')
  deleteNamespace(left)
  assert.ok(!listNamespaces().includes(left))
})

test('a setting is written in the named namespace and nowhere else', (context) => {
  const setting = 'net/ipv4/ip_forward'
  const read = () => readFileSync(`/proc/sys/${setting}`, 'utf8').trim()
  const here = read()
  const { path } = testNamespace(context)
  for (const value of ['1', '0']) {
    setSysctl(setting, value, path)
    assert.equal(inNetworkNamespace(path, read), value)
    assert.equal(read(), here)
  }
})
