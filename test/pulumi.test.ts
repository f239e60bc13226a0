import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before, describe } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { LabRow } from '../stacks/lab-state.ts'
import { PulumiUser } from './pulumi/project.ts'

/**
 * The stack `embedded` with the real Pulumi CLI, found, downloaded or built by `npm run pulumi`. Where the CLI has to
 * be built first, that takes minutes, once.
 */

const root = fileURLToPath(new URL('..', import.meta.url))
const labType = 'wireproof-lab:index:Lab'

before(async () => {
  const user = new PulumiUser()
  const { code, output } = await user.run('version')
  user.remove()
  assert.equal(code, 0, output)
})

describe('a real lab', () => {
  const lab = `pulumi-${process.pid}`
  let user: PulumiUser
  before(async () => {
    user = new PulumiUser()
    await user.configure({ name: lab })
  })
  after(async () => {
    await wireproof('down', lab)
    user.remove()
  })

  test('up stands it up, and its outputs tell how to go on', async () => {
    const { code, output } = await user.up()
    assert.equal(code, 0, output)
    const { name, nodes, pods } = rowOf(lab)!
    assert.deepEqual([name, nodes, pods], [lab, 3, 6])
    const outputs = await user.outputs()
    assert.equal(outputs.lab, lab)
    assert.deepEqual(Object.keys(outputs.pods as object), ['a1', 'a2', 'b1', 'b2', 'c1', 'c2'])
    assert.match(`${outputs.kernel}`, /^(host|uml|qemu) \d/)
    assert.ok(
      (outputs.next as string[]).some((command) => command.startsWith(`npx wireproof exec --lab ${lab} a1`)),
    )
  })

  test('up again changes nothing', async () => {
    const { code, output } = await user.up('--expect-no-changes')
    assert.equal(code, 0, output)
    assert.match(output, /3 unchanged/)
  })

  test('its state holds no key, and nothing of the machine it runs on', () => {
    // Not of the whole resource: Pulumi itself notes beside them where in the program it was made.
    const { inputs, outputs } = user.resources().find(({ type }) => type === labType)!
    const resource = JSON.stringify({ inputs, outputs })
    assert.match(resource, /"underlay":"/, 'what is no secret is there')
    assert.doesNotMatch(resource, /rfc4106|[0-9a-f]{32,}|\/home\/|\/root\/|\/tmp\//)
    assert.ok(!resource.includes(root))
  })

  test('another number of nodes changes the running lab in place', async () => {
    const first = addressOf(lab, 'a1')
    await user.configure({ nodes: '4' })
    const { code, output } = await user.up()
    assert.equal(code, 0, output)
    assert.match(output, /~ 1 updated/)
    assert.doesNotMatch(output, /replace|deleted/)
    const { nodes, pods } = rowOf(lab)!
    assert.deepEqual([nodes, pods], [4, 8])
    assert.equal(addressOf(lab, 'a1'), first)
    assert.equal(Object.keys((await user.outputs()).nodes as object).length, 4)
  })

  test('refresh notices that it vanished, and up brings it back', async () => {
    await wireproof('down', lab)
    const refreshed = await user.refresh()
    assert.equal(refreshed.code, 0, refreshed.output)
    assert.match(refreshed.output, /- 1 deleted/)
    assert.equal(rowOf(lab), undefined)
    const { code, output } = await user.up()
    assert.equal(code, 0, output)
    assert.match(output, /\+ 1 created/)
    assert.equal(rowOf(lab)?.nodes, 4)
  })

  test('destroy leaves nothing of it', async () => {
    const { code, output } = await user.destroy()
    assert.equal(code, 0, output)
    assert.equal(rowOf(lab), undefined)
    assert.deepEqual(user.resources(), [])
  })

  test('destroy succeeds when it is gone already', async () => {
    assert.equal((await user.up()).code, 0)
    await wireproof('down', lab)
    const { code, output } = await user.destroy()
    assert.equal(code, 0, output)
    assert.deepEqual(user.resources(), [])
  })
})

describe('what goes wrong', () => {
  const standIn = join(root, 'test/pulumi/stand-in.ts')
  let labs: string
  let user: PulumiUser
  before(() => {
    labs = join(mkdtempSync(join(tmpdir(), 'wireproof-stand-in-')), 'labs')
    user = new PulumiUser({ WIREPROOF_TEST_COMMAND: standIn, WIREPROOF_TEST_LABS: labs })
  })
  after(() => {
    rmSync(join(labs, '..'), { recursive: true })
    user.remove()
  })

  test('a wrong configuration is named, with what is allowed, and without a stack', async () => {
    await user.configure({ nodes: 'many', kernel: 'bsd' })
    const { code, output } = await user.up()
    assert.notEqual(code, 0)
    assert.match(output, /wireproof:nodes must be a whole number from 1 to 250; it is "many"/)
    assert.match(output, /wireproof:kernel must be one of host, uml, qemu, qemu:6.1, qemu:6.12; it is "bsd"/)
    assert.doesNotMatch(output, /^\s+at .*:\d+:\d+/m)
    await user.configure({ nodes: '3', kernel: 'uml' })
  })

  test('what the command line complains of is shown as it said it, and leaves nothing in the state', async () => {
    writeFileSync(`${labs}.broken`, '')
    const { code, output } = await user.up()
    rmSync(`${labs}.broken`)
    assert.notEqual(code, 0)
    assert.match(output, /error: the tun device is busy\n\s+Stop what uses it\./)
    assert.ok(!user.resources().some(({ type }) => type === labType))
  })

  test('Ctrl-C while the lab comes up interrupts the command, which takes the lab down', async () => {
    rmSync(`${labs}.started`, { force: true })
    writeFileSync(`${labs}.slow`, '')
    const argv = ['up', '--yes', '--skip-preview', '--config-file', user.configFile]
    const { ended, pressCtrlC } = user.start(...argv)
    await appears(`${labs}.started`)
    pressCtrlC()
    const pressed = Date.now()
    const { code, output } = await ended
    rmSync(`${labs}.slow`)
    assert.notEqual(code, 0, output)
    assert.ok(Date.now() - pressed < 10_000, output)
    assert.ok(existsSync(`${labs}.interrupted`), output)
    assert.equal(existsSync(`/proc/${readFileSync(`${labs}.started`, 'utf8')}`), false)
    assert.ok(!user.resources().some(({ type }) => type === labType))
    const again = await user.up()
    assert.equal(again.code, 0, again.output)
    assert.equal((await user.destroy()).code, 0)
  })

  test('a node that is too old is told in one sentence', async () => {
    const disguise = `for (const [of, key, value] of [[process, 'version', 'v20.1.0'], [process.versions, 'node', '20.1.0']]) Object.defineProperty(of, key, { value })`
    const asOldNode = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(disguise)}` }
    const old = new PulumiUser({ ...asOldNode, WIREPROOF_TEST_COMMAND: standIn, WIREPROOF_TEST_LABS: labs })
    const { code, output } = await old.up()
    old.remove()
    assert.notEqual(code, 0)
    assert.match(
      output,
      /error: the node on PATH is v20\.1\.0, and this project's stacks need Node 24: run "npm run pulumi/,
    )
    assert.doesNotMatch(output, /^\s+at .*:\d+:\d+/m)
  })
})

test('the stack file in the checkout is as it was', async () => {
  const file = join(root, 'Pulumi.embedded.yaml')
  const user = new PulumiUser()
  const earlier = readFileSync(file, 'utf8')
  const { code, output } = await user.run('stack', '--show-name')
  user.remove()
  assert.equal(code, 0, output)
  assert.equal(output.trim(), 'embedded')
  assert.equal(readFileSync(file, 'utf8'), earlier)
})

function wireproof(...argv: string[]): string {
  const command = [join(root, 'cli/main.ts'), ...argv]
  return execFileSync(process.execPath, command, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
}

function rowOf(lab: string): LabRow | undefined {
  return (JSON.parse(wireproof('ls', '--json')) as LabRow[]).find(({ name }) => name === lab)
}

function addressOf(lab: string, pod: string): string {
  return wireproof(
    'exec',
    '--lab',
    lab,
    pod,
    '--',
    'ip',
    '-brief',
    '-4',
    'address',
    'show',
    'scope',
    'global',
  )
}

async function appears(file: string): Promise<void> {
  for (let waited = 0; waited < 60_000; waited += 50) {
    if (existsSync(file)) return
    await sleep(50)
  }
  assert.fail(`${file} did not appear within a minute`)
}
