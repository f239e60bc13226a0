import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { sha256 } from './cache.ts'
import { checksumOf, downloadRelease, Unreachable } from './download.ts'
import { archiveName, checksumsName, programs } from './release.ts'
import { scratch } from './scratch.ts'

/** A release like the official one, with other programs in it. */
function archive(directory: string): string {
  mkdirSync(join(directory, 'pulumi'))
  for (const name of [...programs, 'pulumi-language-go'])
    writeFileSync(join(directory, 'pulumi', name), `this is ${name}`)
  const file = join(directory, archiveName())
  execFileSync('tar', ['-czf', file, '-C', directory, 'pulumi'])
  return file
}

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function files(contents: Readonly<Record<string, string | Buffer>>): RequestListener {
  return (request, response) => {
    const content = contents[request.url!.slice(1)]
    response.writeHead(content === undefined ? 404 : 200).end(content)
  }
}

test('the release is fetched, checked and unpacked: the programs that are needed, and no others', async (t) => {
  const [here, there] = [scratch(t), scratch(t)]
  const file = archive(there)
  const sums = `${'0'.repeat(64)}  pulumi-v0-windows.zip\n${await sha256(file)}  ${archiveName()}\n`
  const from = await serve(t, files({ [checksumsName]: sums, [archiveName()]: readFileSync(file) }))
  await downloadRelease(here, { from })
  for (const name of programs) assert.equal(readFileSync(join(here, name), 'utf8'), `this is ${name}`)
  assert.deepEqual(
    ['pulumi-language-go', archiveName()].map((name) => existsSync(join(here, name))),
    [false, false],
  )
})

test('a download that differs from its published checksum is refused', async (t) => {
  const [here, there] = [scratch(t), scratch(t)]
  const damaged = readFileSync(archive(there))
  const sums = `${'0'.repeat(64)}  ${archiveName()}\n`
  const from = await serve(t, files({ [checksumsName]: sums, [archiveName()]: damaged }))
  await assert.rejects(downloadRelease(here, { from }), { code: 'ECHECKSUM', exitCode: 4 })
  assert.equal(existsSync(join(here, programs[0])), false)
})

test('a server that does not answer, refuses or has no such release is unreachable, soon', async (t) => {
  const here = scratch(t)
  const silent = await serve(t, () => {})
  const empty = await serve(t, files({}))
  const other = await serve(t, files({ [checksumsName]: 'no sums' }))
  for (const from of [silent, empty, other, 'http://127.0.0.1:1']) {
    const started = Date.now()
    await assert.rejects(downloadRelease(here, { from, deadlineMs: 200 }), Unreachable, from)
    assert.ok(Date.now() - started < 2000, `${from} took ${Date.now() - started} ms`)
  }
})

test('an interruption is not taken for an unreachable server', async (t) => {
  const silent = await serve(t, () => {})
  const signal = AbortSignal.abort(new Error('interrupted'))
  await assert.rejects(downloadRelease(scratch(t), { from: silent, signal }), /interrupted/)
})

test('a checksum is read from either form of sha256sum', () => {
  const sum = 'a'.repeat(64)
  assert.equal(checksumOf('x.tar.gz', `${sum}  x.tar.gz\n`), sum)
  assert.equal(checksumOf('x.tar.gz', `${sum} *x.tar.gz\n`), sum)
  assert.equal(checksumOf('x.tar.gz', `${sum}  y.tar.gz\nnot-a-sum  x.tar.gz\n`), undefined)
})
