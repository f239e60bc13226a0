import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { CheckResult } from '../demos/proof/index.ts'
import { kernelsToTest, wireproof } from './wireproof.ts'

const [kernel] = kernelsToTest
const scratch = mkdtempSync(join(tmpdir(), 'wireproof-services-'))
after(() => rmSync(scratch, { recursive: true, force: true }))

describe(`the services demo on kernel ${kernel}`, () => {
  let bundle: string
  let checks: readonly CheckResult[]
  const check = (arm: string, id: string) => checks.find((each) => each.arm === arm && each.id === id)!

  test('ends PROVEN, and verify agrees', async () => {
    const outcome = await wireproof(['demo', 'services', '--kernel', kernel, '--evidence', scratch])
    assert.equal(outcome.code, 0, outcome.stdout + outcome.stderr)
    bundle = join(scratch, readdirSync(scratch)[0]!)
    checks = JSON.parse(readFileSync(join(bundle, 'evidence.json'), 'utf8')).checks
    const verified = await wireproof(['verify', bundle])
    assert.equal(verified.code, 0, verified.stdout + verified.stderr)
  })

  test('saw the one service sealed and the others in clear, on the same wire', () => {
    const { numbers } = check('services', 'wire.complete')
    assert.ok(numbers.encrypted! > 50 && numbers.clearByPolicy! > 50, JSON.stringify(numbers))
    assert.equal(check('services', 'wire.no-cleartext').numbers.clear, 0)
    const beside = check('services', 'scope.side-by-side').numbers
    assert.equal(beside.othersRead, beside.others)
  })

  test('saw the misspelt policy leak', () => {
    assert.equal(check('services/misspelt', 'sabotage.caught').state, 'holds')
    assert.equal(check('services/misspelt', 'wire.no-cleartext').state, 'fails')
  })
})

describe('policies that are applied to a running lab', () => {
  const lab = 'applied'
  const topology = JSON.stringify({
    nodes: [
      { name: 'n1', labels: { role: 'bank' } },
      { name: 'n2', labels: { role: 'bank' } },
    ],
    pods: [
      { name: 'a1', node: 'n1', labels: { app: 'a' } },
      { name: 'b1', node: 'n2', labels: { app: 'b' } },
    ],
  })
  const apply = (text: string) => wireproof(['apply', '--lab', lab, '-'], { input: text })
  const ping = () =>
    wireproof(['exec', '--lab', lab, 'a1', '--', 'ping', '-c', '2', '-i', '0.1', '-W', '1', 'b1'])
  const encryption = (spec: string) =>
    `apiVersion: wireproof.dev/v1alpha1\nkind: EncryptionPolicy\nmetadata: {name: e}\nspec: ${spec}\n`
  const denyAll =
    'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny}\nspec: {podSelector: {}}\n'
  const lastFlows = async () => {
    const argv = ['monitor', '--lab', lab, '--no-follow', '--since', '60s', '--json']
    const lines = (await wireproof(argv)).stdout.trim().split('\n')
    return new Set(lines.map((line) => JSON.parse(line)).map(({ verdict, reason }) => `${verdict}/${reason}`))
  }

  before(async () => {
    const up = await wireproof(['up', '--name', lab, '--topology', '-', '--kernel', kernel], {
      input: topology,
    })
    assert.equal(up.code, 0, up.stderr)
  })
  after(() => wireproof(['down', lab]))

  test('narrow what is encrypted, and an empty file lifts them', async () => {
    const narrow = await apply(encryption('{pods: [{podSelector: {matchLabels: {app: nobody}}}]}'))
    assert.equal(narrow.code, 0, narrow.stderr)
    assert.match(narrow.stdout, /0 network policies, 1 encryption policy/)
    assert.match(narrow.stderr, /^encryption policy e selects no pod and no node$/m)
    assert.match((await ping()).stdout, / 2 received/)
    assert.ok((await lastFlows()).has('forwarded/out-of-scope'))
    assert.match((await apply('')).stdout, /0 network policies, 0 encryption policies/)
    assert.match((await ping()).stdout, / 2 received/)
    assert.ok((await lastFlows()).has('encrypted/protected'))
  })

  test('deny, and a file that is not understood changes nothing', async () => {
    assert.equal((await apply(denyAll)).code, 0)
    assert.match((await ping()).stdout, / 0 received/)
    const wrong = await apply(denyAll.replace('podSelector', 'podselector'))
    assert.equal(wrong.code, 2)
    assert.match(wrong.stderr, /standard input is not understood: spec\.podselector is not known/)
    assert.match((await ping()).stdout, / 0 received/)
  })

  /** Whether a policy of the kernel encrypts what the first node sends itself to the second. */
  const encryptsOwnTraffic = async () => {
    const { stdout } = await wireproof(['exec', '--lab', lab, 'n1', '--', 'ip', 'xfrm', 'policy'])
    return /^src 192\.168\.0\.1\/32 dst 192\.168\.0\.2\/32 \n\s+dir out/m.test(stdout)
  }
  const bank = (role: string) => encryption(`{nodes: {nodeSelector: {matchLabels: {role: ${role}}}}}`)

  test('select nodes by their labels', async () => {
    assert.match((await apply(bank('shop'))).stderr, /^encryption policy e selects no node$/m)
    assert.equal(await encryptsOwnTraffic(), false)
    const right = await apply(bank('bank'))
    assert.deepEqual([right.code, right.stderr], [0, ''])
    assert.equal(await encryptsOwnTraffic(), true)
  })

  test('are out of the way of a demo, and come back when it is interrupted', async () => {
    await apply(`${bank('bank')}---\n${denyAll}`)
    let during: Promise<string> | undefined
    const interruptInControl = (child: ChildProcess) => {
      child.stdout!.on('data', (text: string) => {
        if (during || !text.includes('Encryption is off on every node')) return
        during = ping().then(({ stdout }) => {
          child.kill('SIGINT')
          return stdout
        })
      })
    }
    const demo = ['demo', 'nodes', '--lab', lab, '--evidence', scratch]
    const { code, stderr } = await wireproof(demo, { onStart: interruptInControl })
    assert.equal(code, 130, stderr)
    assert.match((await during)!, / 2 received/, 'nothing was denied meanwhile')
    assert.equal(await encryptsOwnTraffic(), true)
    assert.match((await ping()).stdout, / 0 received/)
  })
})
