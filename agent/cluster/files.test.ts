import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { FileStore } from './files.ts'
import { JournalFile } from './journal.ts'

const hex = '000102030405060708090a0b0c0d0e0f10111213'
const incarnation = '0123456789abcdef0123456789abcdef'
const n1 = { name: 'n1', underlay: '192.168.0.1', podCidrs: ['10.0.1.0/24'] }
const a = { name: 'a', node: 'n1', addresses: ['10.0.1.2'], labels: { app: 'web' } }

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

function read(path: string) {
  const store = new FileStore(path)
  store.refresh(true)
  return store.view
}

test('settings, key, nodes and pods are read', (context) => {
  const path = directory(context)
  put(path, 'config.json', { encryptL3: true, strict: true, clusterCidrs: ['10.0.0.0/8'] })
  put(path, 'nodes/n1.json', n1)
  put(path, 'nodes/n2.json', {
    name: 'n2',
    underlay: 'FD00:0::2',
    podCidrs: ['10.0.2.0/24', 'fd00:2:0::/64'],
  })
  put(path, 'pods/a.json', a)
  const { settings, key, nodes, pods, problems } = read(path)
  const clusterCidrs = ['10.0.0.0/8']
  assert.deepEqual(settings, { encryptL3: true, strict: true, clusterCidrs, routing: 'native' })
  assert.equal(key.id, 3)
  assert.deepEqual(nodes.get('n1'), n1)
  assert.deepEqual(
    nodes.get('n2'),
    { name: 'n2', underlay: 'fd00::2', podCidrs: ['10.0.2.0/24', 'fd00:2::/64'] },
    'in one spelling',
  )
  assert.deepEqual([...pods.values()], [a])
  assert.deepEqual(problems, [])
})

test('what one agent writes, another reads; files are for their owner only', (context) => {
  const path = directory(context)
  const announcement = {
    incarnation,
    key: '3:ab',
    receives: 1,
    sends: 0,
    attempts: { n2: 1 },
    datapath: { encryptL3: true, strict: true },
  }
  const store = new FileStore(path)
  store.publishLife('n1', incarnation)
  store.announce('n1', announcement)
  const { lives, announcements } = read(path)
  assert.deepEqual(lives.get('n1'), { incarnation, revision: 1 })
  assert.deepEqual(announcements.get('n1'), announcement)
  assert.equal(statSync(join(path, 'acks/n1.json')).mode & 0o777, 0o600)
})

test('every life that is published has a revision of its own, and who reads a revision finds all lives up to it', (context) => {
  const path = directory(context)
  for (const [at, node] of ['n1', 'n2', 'n1'].entries()) {
    new FileStore(path).publishLife(node, incarnation)
    const { revision, lives } = read(path)
    assert.equal(revision, at + 1)
    assert.equal(lives.get(node)!.revision, at + 1)
  }
  assert.equal(read(path).lives.get('n2')!.revision, 2)
})

test('publishers in many processes never share a revision', (context) => {
  const path = directory(context)
  const module = new URL('files.ts', import.meta.url).href
  const script = `const { FileStore } = await import('${module}'); const store = new FileStore('${path}')
    for (let i = 0; i < 20; i++) store.publishLife(process.argv[1] + i, '${incarnation}')`
  const publishers = ['a', 'b', 'c'].map((name) =>
    promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, name]),
  )
  return Promise.all(publishers).then(() => {
    const { lives, revision } = read(path)
    assert.equal(revision, 60)
    assert.equal(new Set(Array.from(lives.values(), (life) => life.revision)).size, 60)
  })
})

test('a refresh says which nodes and pods have changed, and nothing of the others', (context) => {
  const path = directory(context)
  const store = new FileStore(path)
  const changed = () => {
    const { everything, nodes, pods } = store.refresh(true)
    return [everything, [...nodes], [...pods]]
  }
  put(path, 'nodes/n1.json', n1)
  assert.deepEqual(changed(), [true, ['n1'], []])
  assert.deepEqual(changed(), [false, [], []])
  put(path, 'pods/a.json', a)
  store.publishLife('n2', incarnation)
  assert.deepEqual(changed(), [false, ['n2'], ['a']])
  rmSync(join(path, 'nodes/n1.json'))
  assert.deepEqual(changed(), [false, ['n1'], []])
  writeFileSync(join(path, 'key'), `4+ rfc4106(gcm(aes)) ${hex} 128\n`)
  assert.deepEqual(changed(), [true, [], []])
})

test('a damaged file is reported, and what it said before still counts', (context) => {
  const path = directory(context)
  put(path, 'nodes/n1.json', n1)
  const store = new FileStore(path)
  const look = () => {
    store.refresh(true)
    return [[...store.view.nodes.values()], store.view.problems.join()] as const
  }
  look()
  put(path, 'nodes/n1.json', { ...n1, podCidrs: ['10.0.1.7/24'] })
  assert.deepEqual(look()[0], [n1])
  assert.match(look()[1], /nodes\/n1\.json .*podCidrs\[0\] must be zero behind its first 24 bits/)
  put(path, 'nodes/n1.json', n1)
  assert.deepEqual(look(), [[n1], ''])
  writeFileSync(join(path, 'nodes/n1.json'), '{"name":')
  assert.match(look()[1], /not understood/)
  rmSync(join(path, 'nodes/n1.json'))
  assert.deepEqual(look(), [[], ''])
})

const mistakes: [string, unknown, RegExp][] = [
  ['nodes/x.json', { ...n1, underlay: '10.0.0' }, /underlay must be an IP address/],
  ['nodes/x.json', { ...n1, podCidrs: ['10.0.1.0/33'] }, /podCidrs\[0\] must be a prefix/],
  ['pods/x.json', { ...a, addresses: ['10.0.1.2', '10.0.1.3'] }, /one address, or one of each family/],
  ['pods/x.json', { ...a, addresses: [] }, /one address, or one of each family/],
  ['pods/x.json', { ...a, labels: { app: 1 } }, /labels\.app must be a string/],
]
for (const [file, value, message] of mistakes)
  test(`${JSON.stringify(value)} is refused`, (context) => {
    const path = directory(context)
    put(path, file, value)
    assert.match(read(path).problems.join(), message)
  })

test('a draft that a writer has not renamed yet is no object', (context) => {
  const path = directory(context)
  put(path, 'nodes/.17.draft', n1)
  put(path, 'nodes/.n1.json.17', n1)
  const { nodes, problems } = read(path)
  assert.deepEqual([nodes.size, problems], [0, []])
})

test('a store without key or settings is a problem with a remedy that does not quote the key', (context) => {
  const path = directory(context)
  writeFileSync(join(path, 'key'), `3+ rfc4106(gcm(aes)) ${hex}00 128\n`)
  assert.throws(
    () => read(path),
    (error: Error & { code: string }) => error.code === 'EKEY' && !`${error.stack}`.includes(hex.slice(0, 8)),
  )
  rmSync(join(path, 'key'))
  assert.throws(() => read(path), { code: 'ESTORE' })
  rmSync(join(path, 'config.json'))
  assert.throws(() => read(path), { code: 'ESTORE', message: /config\.json is not there/ })
})

test('a store that is out of reach is not taken for an empty one', (context) => {
  const path = directory(context)
  put(path, 'nodes/n1.json', n1)
  const store = new FileStore(path)
  store.refresh(true)
  renameSync(path, `${path}.away`)
  assert.throws(() => store.refresh(true), { code: 'ESTORE', message: /out of reach/ })
  assert.deepEqual([...store.view.nodes.keys()], ['n1'])
  renameSync(`${path}.away`, path)
  assert.deepEqual([...store.refresh(true).nodes], [])
})

test('settings and key that make no sense while an agent runs leave what was there in force, and are reported', (context) => {
  const path = directory(context)
  const store = new FileStore(path)
  store.refresh(true)
  const { settings, key } = store.view
  writeFileSync(join(path, 'config.json'), '{')
  writeFileSync(join(path, 'key'), `3+ rfc4106(gcm(aes)) ${hex.replace('00', '99')} 128\n`)
  assert.equal(store.refresh(true).everything, false)
  assert.deepEqual([store.view.settings, store.view.key], [settings, key])
  assert.match(
    store.view.problems.join('\n'),
    /config\.json cannot be used.*stays in force\n.*changed, but not its id 3/,
  )
  assert.ok(!store.view.problems.join().includes(hex.slice(4, 12)))
})

async function watched(context: TestContext, path: string) {
  const store = new FileStore(path)
  store.refresh(true)
  const calls = { count: 0 }
  const watching = store.watch(
    () => calls.count++,
    (error) => assert.fail(error),
  )
  context.after(() => watching.close())
  store.refresh(true)
  return { store, calls }
}

test('a burst of changes wakes once, and drafts do not wake', async (context) => {
  const path = directory(context)
  const { store, calls } = await watched(context, path)
  put(path, 'nodes/.17.draft', n1)
  await delay(30)
  assert.equal(calls.count, 0)
  for (const name of ['n1', 'n2', 'n3']) put(path, `nodes/${name}.json`, { ...n1, name })
  store.publishLife('n1', incarnation)
  await delay(30)
  assert.equal(calls.count, 1)
  assert.deepEqual(
    [...store.refresh(false).nodes].sort(),
    ['n1', 'n2', 'n3'],
    'without looking at the others',
  )
  put(path, 'config.json', { encryptL3: false, strict: true })
  await delay(30)
  assert.equal(calls.count, 2)
})

test('a store that is taken away, or put back, wakes', async (context) => {
  const path = directory(context)
  const { calls } = await watched(context, path)
  renameSync(path, `${path}.away`)
  await delay(30)
  assert.equal(calls.count, 1)
  renameSync(`${path}.away`, path)
  await delay(30)
  assert.equal(calls.count, 2)
})

test('announcements wake only whom they matter to, and those in between are not lost', async (context) => {
  const path = directory(context)
  const { store, calls } = await watched(context, path)
  const other = new FileStore(path)
  const said = {
    incarnation,
    key: '3:ab',
    receives: 1,
    sends: 1,
    attempts: {},
    datapath: { encryptL3: true, strict: true },
  }
  store.listen(new Set(['n3']))
  other.announce('n2', said)
  await delay(30)
  assert.equal(calls.count, 0)
  store.listen(new Set(['n2']))
  await delay(30)
  assert.equal(calls.count, 1)
  assert.deepEqual([...store.refresh(false).nodes], ['n2'])
  other.announce('n2', { ...said, receives: 2 })
  await delay(30)
  assert.equal(calls.count, 2)
})

test('the journal outlives the agent, but not the boot; a damaged one begins a new incarnation', (context) => {
  const path = directory(context)
  const open = (boot = 'one') => new JournalFile(path, 'n1', { boot })
  const first = open()
  first.willUse(['a', 'b'])
  first.willUse(['b', 'c'])
  const second = open()
  assert.deepEqual(second.journal, first.journal)
  assert.deepEqual([...second.journal.used], ['a', 'b', 'c'])
  second.beginAnew()
  assert.notEqual(second.journal.incarnation, first.journal.incarnation)
  assert.equal(second.journal.used.size, 0)
  const file = join(path, 'journal/n1.json')
  assert.ok(!readFileSync(file, 'utf8').includes('"a"'))
  second.willUse(['d'])
  appendFileSync(file, '"e')
  assert.deepEqual([...open().journal.used], ['d'], 'a line that was cut short')
  const rebooted = open('two').journal
  assert.notEqual(rebooted.incarnation, second.journal.incarnation)
  assert.equal(rebooted.used.size, 0)
  writeFileSync(file, '{\n')
  assert.notEqual(open('two').journal.incarnation, rebooted.incarnation)
})

test('policies, namespaces, and what pods say of both are read', (context) => {
  const path = directory(context)
  for (const kind of ['policies', 'namespaces']) mkdirSync(join(path, kind))
  const pod = {
    name: 'a',
    node: 'n1',
    addresses: ['10.0.1.2'],
    labels: {},
    namespace: 'blue',
    ports: { http: 80 },
  }
  put(path, 'pods/a.json', pod)
  put(path, 'namespaces/blue.json', { name: 'blue', labels: { team: 'x' } })
  writeFileSync(join(path, 'policies/b.yaml'), policy('b'))
  writeFileSync(join(path, 'policies/a.yaml'), policy('a'))
  const store = new FileStore(path)
  store.refresh(true)
  const state = store.view
  assert.deepEqual([...state.pods.values()], [pod])
  assert.deepEqual([...state.namespaces], [['blue', { team: 'x' }]])
  const policies = state.policies.get('a')!
  assert.deepEqual([policies[0]?.name, state.policies.get('b')?.[0]?.name], ['a', 'b'])
  store.refresh(true)
  assert.equal(store.view.policies.get('a'), policies, 'a file that has not changed is not read again')
})

test('a policy that is not understood is reported, and what it said before still counts', (context) => {
  const path = directory(context)
  mkdirSync(join(path, 'policies'))
  writeFileSync(join(path, 'policies/web.yaml'), policy('web'))
  const store = new FileStore(path)
  store.refresh(true)
  const before = store.view.policies.get('web')!
  writeFileSync(join(path, 'policies/web.yaml'), policy('web').replace('podSelector', 'selector'))
  store.refresh(true)
  const damaged = store.view
  assert.equal(damaged.policies.get('web'), before)
  assert.match(damaged.problems.join(), /^policies\/web\.yaml is not understood: spec\.selector is not known/)
})

test('a pod with a port that is none is reported', (context) => {
  const path = directory(context)
  put(path, 'pods/a.json', { ...a, ports: { http: 0 } })
  const store = new FileStore(path)
  store.refresh(true)
  assert.match(store.view.problems.join(), /ports\.http must be a whole number from 1/)
})

function policy(name: string): string {
  return `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: ${name}}\nspec: {podSelector: {}}\n`
}

test('an incarnation grows old with the machine’s time since its boot, over a restart too', (context) => {
  const path = directory(context)
  let now = 1_000_000
  const open = () => new JournalFile(path, 'n1', { boot: 'one', now: () => now })
  open()
  now += 5000
  const journal = open()
  assert.equal(journal.age, 5000)
  journal.beginAnew()
  assert.equal(journal.age, 0)
})

test('an encryption policy that has never been understood counts as one for everything; later its last good meaning stays', (context) => {
  const path = directory(context)
  mkdirSync(join(path, 'encryption'))
  const file = join(path, 'encryption/some.yaml')
  const policy = (pods: string) =>
    `apiVersion: wireproof.dev/v1alpha1\nkind: EncryptionPolicy\nmetadata: {name: some}\nspec: {pods: ${pods}}\n`
  const store = new FileStore(path)
  const covers = () => {
    store.refresh(true)
    return store.view.encryptionPolicies.get('some')?.map(({ pods }) => pods)
  }
  writeFileSync(file, policy('some'))
  assert.deepEqual(covers(), ['all'])
  assert.deepEqual(store.view.problems, [
    'encryption/some.yaml is not understood: spec.pods must be all, or a list of selectors',
  ])
  writeFileSync(file, policy('[]'))
  assert.deepEqual(covers(), [[]])
  assert.deepEqual(store.view.problems, [])
  writeFileSync(file, policy('most'))
  assert.deepEqual(covers(), [[]])
  assert.equal(store.view.problems.length, 1)
  rmSync(file)
  assert.equal(covers(), undefined)
})

test('an incarnation is no older or younger for a clock on the wall that is set', (context) => {
  const path = directory(context)
  const open = () => new JournalFile(path, 'n1', { boot: 'one' })
  open()
  for (const wall of [0, 4_000_000_000_000]) {
    context.mock.method(Date, 'now', () => wall)
    const { age } = open()
    assert.ok(age >= 0 && age < 60_000, `${age}`)
  }
})

test('a journal that says it was begun in time to come begins to count now', (context) => {
  const path = directory(context)
  new JournalFile(path, 'n1', { boot: 'one', now: () => 5000 })
  assert.equal(new JournalFile(path, 'n1', { boot: 'one', now: () => 2000 }).age, 0)
})
