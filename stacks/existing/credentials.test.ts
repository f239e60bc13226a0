import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import { KubeConfig } from '@kubernetes/client-node'
import { readCredentials } from './credentials.ts'

const directory = mkdtempSync(join(tmpdir(), 'wireproof-credentials-'))
after(() => rmSync(directory, { recursive: true }))

writeFileSync(
  join(directory, 'two'),
  `apiVersion: v1
kind: Config
current-context: one
clusters:
- { name: one, cluster: { server: "https://one.test" } }
- { name: two, cluster: { server: "https://two.test" } }
users:
- { name: one, user: { token: token-of-one } }
- { name: two, user: { token: token-of-two } }
contexts:
- { name: one, context: { cluster: one, user: one } }
- { name: two, context: { cluster: two, user: two } }
`,
)
const read = (context?: string) => readCredentials({ file: 'two', context }, directory)

test('the credentials of one cluster are taken, and those of no other', () => {
  for (const [context, other] of [
    [undefined, 'two'],
    ['two', 'one'],
  ] as const) {
    const { kubeconfig, config } = read(context)
    assert.ok(!kubeconfig.includes(`token-of-${other}`))
    const again = new KubeConfig()
    again.loadFromString(kubeconfig)
    assert.equal(again.getCurrentCluster()?.server, config.getCurrentCluster()?.server)
    assert.equal(again.getCurrentUser()?.token, `token-of-${context ?? 'one'}`)
  }
})

test('where kubectl would look is where it is looked for', () => {
  const file = join(directory, 'two')
  const { context } = readCredentials({ file: undefined, context: undefined }, '/', { KUBECONFIG: file })
  assert.equal(context, 'one')
})

test('what is missing is named', () => {
  assert.throws(() => read('three'), { code: 'ECONTEXT', remedy: /one of one, two/ })
  assert.throws(() => readCredentials({ file: 'none', context: undefined }, directory), {
    code: 'EKUBECONFIG',
  })
  writeFileSync(join(directory, 'broken'), '{')
  assert.throws(() => readCredentials({ file: 'broken', context: undefined }, directory), {
    code: 'EKUBECONFIG',
  })
})
