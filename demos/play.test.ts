import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { paperLab } from './paper-lab.ts'
import { type PlayDemoOptions, playDemo } from './play.ts'

const kernel = { kind: 'host', release: '6.12.0', machine: 'paper' } as const

async function stageFor(context: TestContext, more: Partial<PlayDemoOptions> & Pick<PlayDemoOptions, 'lab'>) {
  const directory = await mkdtemp(join(tmpdir(), 'wireproof-test-'))
  const configuration = await mkdtemp(join(tmpdir(), 'wireproof-test-'))
  context.after(() => Promise.all([directory, configuration].map((path) => rm(path, { recursive: true }))))
  // The evidence is signed with the user's key, which is made at first use: not in the home of whoever runs the tests.
  process.env.XDG_CONFIG_HOME = configuration
  let written = ''
  const options: PlayDemoOptions = {
    directory,
    kernel,
    present: false,
    timings: false,
    sealedOnly: false,
    keepKeys: false,
    output: { write: (text) => (written += text) },
    signal: new AbortController().signal,
    ...more,
  }
  return { options, written: () => written }
}

test('the arms are played in their order, and each sabotage is repaired before the next', async (context) => {
  const { lab, asked, running } = paperLab()
  const { options } = await stageFor(context, { lab })
  await playDemo('transparent-encryption', options)
  const sabotage = ['pause n1', 'n1: ip xfrm policy deleteall dir out', 'capture', 'resume n1', 'settled']
  assert.deepEqual(asked, [
    'configure clear strict',
    'capture',
    'configure encrypted strict',
    'capture',
    'configure encrypted permissive',
    ...sabotage,
    'configure encrypted strict',
    ...sabotage,
  ])
  assert.equal(running(), 0, 'programs still running')
})

test('a change is made as often as was asked for, between instruments, and once more botched', async (context) => {
  const { lab, asked, running } = paperLab()
  const { options, written } = await stageFor(context, { lab, rounds: 2 })
  assert.equal(await playDemo('rotate', options), 5)
  const strict = 'configure encrypted strict'
  const torn = ['n1: ip xfrm state deleteall', 'n2: ip xfrm state deleteall', 'rotate']
  const rotations = asked.slice(asked.indexOf(strict), asked.indexOf('configure encrypted permissive'))
  assert.deepEqual(rotations, [
    ...[strict, 'capture', 'rotate', 'rotate'],
    ...[strict, 'capture', ...Array.from({ length: 5 }, () => torn).flat()],
  ])
  assert.match(written(), /While the key was rotated 2 times/)
  assert.doesNotMatch(written(), /PROVEN/)
  assert.equal(running(), 0)
})

test('captures that show nothing prove nothing: the exit code is that of inconclusive', async (context) => {
  const { lab } = paperLab()
  const { options, written } = await stageFor(context, { lab })
  assert.equal(await playDemo('transparent-encryption', options), 5)
  assert.match(written(), /INCONCLUSIVE/)
  assert.doesNotMatch(written(), /PROVEN/)
  const [evidence] = await readdir(options.directory)
  assert.match(evidence!, /^transparent-encryption-/)
  assert.match(written(), new RegExp(`wireproof verify .*${evidence}`))
})

test('whoever is left keys of a cluster that is not a lab is told so, unless the evidence has none', async (context) => {
  const { lab } = paperLab()
  const inUse = { ...lab, name: 'production', isDisposable: false }
  const told = /The evidence holds keys of production, which is not a lab/
  const open = await stageFor(context, { lab: inUse })
  await playDemo('transparent-encryption', open.options)
  assert.match(open.written(), told)
  const sealed = await stageFor(context, { lab: inUse, sealedOnly: true })
  await playDemo('transparent-encryption', sealed.options)
  assert.doesNotMatch(sealed.written(), told)
})

test('interrupted while an agent is frozen, the demo wakes it up and leaves no program running', async (context) => {
  const { lab, asked, running } = paperLab()
  const interrupt = new AbortController()
  const { options, written } = await stageFor(context, {
    lab: {
      ...lab,
      pauseAgent: async (node) => {
        await lab.pauseAgent(node)
        interrupt.abort(new Error('interrupted'))
      },
    },
    signal: interrupt.signal,
  })
  assert.equal(await playDemo('transparent-encryption', options), 130)
  assert.deepEqual(asked.slice(-2), ['resume n1', 'settled'])
  assert.equal(running(), 0)
  assert.match(written(), /■ Stopped: interrupted\.\n$/)
  assert.deepEqual(await readdir(options.directory), [], 'no evidence of a demo that did not end')
})

test('a sabotage that does not come off is a broken environment, not a verdict', async (context) => {
  const { lab, asked } = paperLab(2)
  const { options, written } = await stageFor(context, { lab })
  assert.equal(await playDemo('transparent-encryption', options), 4)
  assert.match(written(), /✗ On n1 the agent hangs/)
  assert.match(written(), /ended with code 2: RTNETLINK answers:\s+Operation not permitted/)
  assert.equal(asked.at(-1), 'resume n1')
})

test('a lab in which nothing can cross the wire is refused before anything is done to it', async (context) => {
  const { lab, asked } = paperLab()
  const [only] = await lab.pods()
  const { options } = await stageFor(context, { lab: { ...lab, pods: async () => [only!] } })
  await assert.rejects(playDemo('transparent-encryption', options), { code: 'ETOPOLOGY', exitCode: 2 })
  assert.deepEqual(asked, [])
})
