import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { credentials, status } from '@grpc/grpc-js'
import { FlowHistory } from '../monitor/history.ts'
import { serveHubbleTls } from './listen.ts'
import { ObserverClient } from './observer-client.ts'
import type { ObserverSource } from './source.ts'
import { readTls, type TlsPaths } from './tls.ts'

const directory = mkdtempSync(join(tmpdir(), 'wireproof-hubble-tls-'))
after(() => rmSync(directory, { recursive: true }))
const path = (name: string) => join(directory, name)

/** Makes `<name>.pem` and `<name>.key`: an authority, or what it has signed. */
function certify(name: string, authority?: string): void {
  const key = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-noenc',
    '-keyout',
    path(`${name}.key`),
  ]
  const signer = authority ? ['-CA', path(`${authority}.pem`), '-CAkey', path(`${authority}.key`)] : []
  const names = authority ? ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'] : []
  const argv = ['req', '-x509', ...key, ...signer, ...names, '-days', '1', '-subj', `/CN=${name}`]
  execFileSync('openssl', [...argv, '-out', path(`${name}.pem`)], { stdio: 'pipe' })
}

certify('ca')
certify('other-ca')
certify('server', 'ca')
certify('client', 'ca')
certify('stranger', 'other-ca')

const server: TlsPaths = { certificate: path('server.pem'), key: path('server.key') }
const source: ObserverSource = {
  node: 'n1',
  history: () => new FlowHistory(),
  lostToReader: () => {},
  told: () => 4711,
  nodes: () => [],
}

/** A client's credentials: whom it trusts, and what it shows of itself. */
function showing(authority: string, own?: string) {
  const [key, certificate] = own ? [readFileSync(path(`${own}.key`)), readFileSync(path(`${own}.pem`))] : []
  return credentials.createSsl(readFileSync(path(`${authority}.pem`)), key, certificate)
}

/** What a client with these credentials gets of a server. */
async function ask(t: TestContext, paths: TlsPaths, credential = showing('ca')): Promise<string> {
  const listener = await serveHubbleTls({ host: '127.0.0.1', port: 0 }, readTls(paths), source, log)
  const client = new ObserverClient(`127.0.0.1:${listener.port}`, credential)
  t.after(() => {
    client.close()
    listener.close()
  })
  const answer = await client.call('observer.Observer', 'ServerStatus')
  return answer.seen_flows
}

const log = () => {}
const refused = { code: status.UNAVAILABLE }

test('over TCP, a client that trusts the certificate is answered', async (t) => {
  assert.equal(await ask(t, server), '4711')
})

test('a client without TLS, or that does not trust the certificate, gets nothing', async (t) => {
  await assert.rejects(ask(t, server, credentials.createInsecure()), refused)
  await assert.rejects(ask(t, server, showing('other-ca')), refused)
})

test('where clients must show a certificate, it must be of the authority that was named', async (t) => {
  const mutual = { ...server, clientCa: path('ca.pem') }
  assert.equal(await ask(t, mutual, showing('ca', 'client')), '4711')
  await assert.rejects(ask(t, mutual, showing('ca')), refused)
  await assert.rejects(ask(t, mutual, showing('ca', 'stranger')), refused)
})

test('an address that is taken is said', async (t) => {
  const first = await serveHubbleTls({ host: '127.0.0.1', port: 0 }, readTls(server), source, log)
  t.after(() => first.close())
  await assert.rejects(
    serveHubbleTls({ host: '127.0.0.1', port: first.port! }, readTls(server), source, log),
    {
      code: 'EHUBBLE',
      exitCode: 4,
      message: /127\.0\.0\.1:\d+: EADDRINUSE/,
    },
  )
})

const garbage = path('garbage.pem')
writeFileSync(garbage, 'SECRET')
const unusable: readonly (readonly [what: string, TlsPaths, RegExp])[] = [
  ['a certificate that is not there', { ...server, certificate: path('none') }, /--hubble-tls-cert .*ENOENT/],
  ['a key that is not there', { ...server, key: path('none') }, /--hubble-tls-key .*ENOENT/],
  ['an authority that is not there', { ...server, clientCa: path('none') }, /-client-ca .*ENOENT/],
  ['a key of another certificate', { ...server, key: path('client.key') }, /cannot be used/],
  ['no certificate', { ...server, certificate: garbage }, /cannot be used/],
  ['no key', { ...server, key: garbage }, /cannot be used/],
  ['no authority', { ...server, clientCa: garbage }, /cannot be used/],
]
for (const [what, paths, message] of unusable)
  test(`is refused, and nothing of it is said: ${what}`, () => {
    assert.throws(
      () => readTls(paths),
      (error: Error & { code: string; exitCode: number }) => {
        assert.match(error.message, message)
        assert.deepEqual([error.code, error.exitCode], ['EHUBBLETLS', 2])
        assert.doesNotMatch(`${error.message} ${error.stack}`, /SECRET/)
        return true
      },
    )
  })
