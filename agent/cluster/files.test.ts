import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { FileStore } from './files.ts'
import { JournalFile } from './journal.ts'

const hex = '000102030405060708090a0b0c0d0e0f10111213'
const incarnation = '0123456789abcdef0123456789abcdef'
const n1 = { name: 'n1', id: 1, underlay: '192.168.0.1', podCidr: '10.0.1.0/24' }

function directory(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'wireproof-store-'))
  context.after(() => rmSync(path, { recursive: true }))
  for (const kind of ['nodes', 'pods']) mkdirSync(join(path, kind))
  put(path, 'config.json', { encryptL3: true, strict: true })
  writeFileSync(join(path, 'key'), `3+ rfc4106(gcm(aes)) ${hex} 128\n`)
  return path
}

function put(path: string, file: string, value: unknown): void {
  writeFileSync(join(path, file), JSON.stringify(value))
}

test('settings, key, nodes and pods are read, in a stable order', (context) => {
  const path = directory(context)
  put(path, 'nodes/n2.json', { ...n1, name: 'n2', id: 2 })
  put(path, 'nodes/n1.json', n1)
  put(path, 'pods/a.json', { name: 'a', node: 'n1', address: '10.0.1.2', labels: { app: 'web' } })
  const state = new FileStore(path).read()
  assert.deepEqual(state.settings, { encryptL3: true, strict: true })
  assert.equal(state.key.id, 3)
  assert.deepEqual(
    state.nodes.map((node) => node.name),
    ['n1', 'n2'],
  )
  assert.deepEqual(state.pods, [{ name: 'a', node: 'n1', address: '10.0.1.2', labels: { app: 'web' } }])
  assert.deepEqual(state.problems, [])
})

test('what one agent writes, another reads; files are for their owner only', (context) => {
  const path = directory(context)
  const announcement = {
    incarnation,
    key: 3,
    receives: { n2: incarnation },
    sends: {},
    datapath: { encryptL3: true, strict: true },
  }
  const store = new FileStore(path)
  store.writeIncarnation('n1', incarnation)
  store.writeAnnouncement('n1', announcement)
  const state = new FileStore(path).read()
  assert.equal(state.incarnations.get('n1'), incarnation)
  assert.deepEqual(state.announcements.get('n1'), announcement)
  assert.equal(statSync(join(path, 'acks/n1.json')).mode & 0o777, 0o600)
})

test('a damaged file is reported, and what it said before still counts', (context) => {
  const path = directory(context)
  put(path, 'nodes/n1.json', n1)
  const store = new FileStore(path)
  store.read()
  put(path, 'nodes/n1.json', { ...n1, id: 0 })
  const damaged = store.read()
  assert.deepEqual(damaged.nodes, [n1])
  assert.match(damaged.problems.join(), /nodes\/n1\.json .*id must be a whole number from 1 to 65534/)
  put(path, 'nodes/n1.json', n1)
  assert.deepEqual(store.read().problems, [])
  writeFileSync(join(path, 'nodes/n1.json'), '{"name":')
  assert.equal(store.read().problems.length, 1)
  rmSync(join(path, 'nodes/n1.json'))
  const gone = store.read()
  assert.deepEqual([gone.nodes, gone.problems], [[], []])
})

test('a draft that a writer has not renamed yet is no object', (context) => {
  const path = directory(context)
  put(path, 'nodes/.17.draft', n1)
  put(path, 'nodes/.n1.json.17', n1)
  const state = new FileStore(path).read()
  assert.deepEqual([state.nodes, state.problems], [[], []])
})

test('a store without key or settings is a problem with a remedy that does not quote the key', (context) => {
  const path = directory(context)
  writeFileSync(join(path, 'key'), `3+ rfc4106(gcm(aes)) ${hex}00 128\n`)
  assert.throws(
    () => new FileStore(path).read(),
    (error: Error & { code: string }) => error.code === 'EKEY' && !`${error.stack}`.includes(hex.slice(0, 8)),
  )
  rmSync(join(path, 'key'))
  assert.throws(() => new FileStore(path).read(), { code: 'ESTORE' })
  rmSync(join(path, 'config.json'))
  assert.throws(() => new FileStore(path).read(), { code: 'ESTORE', message: /config\.json is not there/ })
})

test('a burst of changes wakes once, and drafts do not wake', async (context) => {
  const path = directory(context)
  const store = new FileStore(path)
  let calls = 0
  const watching = store.watch(
    () => calls++,
    (error) => assert.fail(error),
  )
  context.after(() => watching.close())
  put(path, 'nodes/.17.draft', n1)
  await delay(30)
  assert.equal(calls, 0)
  for (const name of ['n1', 'n2', 'n3']) put(path, `nodes/${name}.json`, { ...n1, name })
  store.writeIncarnation('n1', incarnation)
  await delay(30)
  assert.equal(calls, 1)
  put(path, 'config.json', { encryptL3: false, strict: true })
  await delay(30)
  assert.equal(calls, 2)
})

test('the journal outlives the agent, and a damaged one begins a new incarnation', (context) => {
  const path = directory(context)
  const first = new JournalFile(path, 'n1')
  first.willUse(['a', 'b'])
  const second = new JournalFile(path, 'n1')
  assert.deepEqual(second.journal, first.journal)
  assert.deepEqual([...second.journal.used], ['a', 'b'])
  second.beginAnew()
  assert.notEqual(second.journal.incarnation, first.journal.incarnation)
  assert.equal(second.journal.used.size, 0)
  assert.ok(!readFileSync(join(path, 'journal/n1.json'), 'utf8').includes('a"'))
  writeFileSync(join(path, 'journal/n1.json'), '{')
  assert.notEqual(new JournalFile(path, 'n1').journal.incarnation, second.journal.incarnation)
})

test('policies, namespaces, and what pods say of both are read', (context) => {
  const path = directory(context)
  for (const kind of ['policies', 'namespaces']) mkdirSync(join(path, kind))
  const pod = {
    name: 'a',
    node: 'n1',
    address: '10.0.1.2',
    labels: {},
    namespace: 'blue',
    ports: { http: 80 },
  }
  put(path, 'pods/a.json', pod)
  put(path, 'namespaces/blue.json', { name: 'blue', labels: { team: 'x' } })
  writeFileSync(join(path, 'policies/b.yaml'), policy('b'))
  writeFileSync(join(path, 'policies/a.yaml'), policy('a'))
  const store = new FileStore(path)
  const state = store.read()
  assert.deepEqual(state.pods, [pod])
  assert.deepEqual([...state.namespaces], [['blue', { team: 'x' }]])
  assert.deepEqual(
    state.policies.map(({ name }) => name),
    ['a', 'b'],
  )
  assert.equal(store.read().policies[0], state.policies[0], 'a file that has not changed is not read again')
})

test('a policy that is not understood is reported, and what it said before still counts', (context) => {
  const path = directory(context)
  mkdirSync(join(path, 'policies'))
  writeFileSync(join(path, 'policies/web.yaml'), policy('web'))
  const store = new FileStore(path)
  const before = store.read().policies
  writeFileSync(join(path, 'policies/web.yaml'), policy('web').replace('podSelector', 'selector'))
  const damaged = store.read()
  assert.deepEqual(damaged.policies, before)
  assert.match(damaged.problems.join(), /^policies\/web\.yaml is not understood: spec\.selector is not known/)
})

test('a pod with a port that is none is reported', (context) => {
  const path = directory(context)
  put(path, 'pods/a.json', { name: 'a', node: 'n1', address: '10.0.1.2', ports: { http: 0 } })
  assert.match(new FileStore(path).read().problems.join(), /ports\.http must be a whole number from 1/)
})

function policy(name: string): string {
  return `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: ${name}}\nspec: {podSelector: {}}\n`
}
