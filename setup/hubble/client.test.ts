import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { sha256 } from '../pulumi/cache.ts'
import type { Release } from '../pulumi/download.ts'
import { scratch, script } from '../pulumi/scratch.ts'
import { obtainHubble } from './client.ts'
import { goModule, release, version, wrapper } from './release.ts'

const nowhere: Release = { ...release(), from: 'http://127.0.0.1:1' }

/** A directory for PATH with such a command in it. */
function withHubble(t: TestContext, body: string): NodeJS.ProcessEnv {
  const bin = join(scratch(t), 'bin')
  mkdirSync(bin)
  script(join(bin, 'hubble'), body)
  return { PATH: bin }
}

/** The official release, from a server of the test's own, with another program in it. */
async function serveRelease(t: TestContext): Promise<Release> {
  const directory = scratch(t)
  const { archive, checksums, ...rest } = release()
  script(join(directory, 'hubble'), 'echo this is hubble')
  execFileSync('tar', ['-czf', join(directory, archive), '-C', directory, 'hubble'])
  const contents: Readonly<Record<string, string | Buffer>> = {
    [archive]: readFileSync(join(directory, archive)),
    [checksums]: `${await sha256(join(directory, archive))}  ${archive}\n`,
  }
  const server = createServer(({ url = '' }, response) => {
    const content = contents[url.slice(1)]
    response.writeHead(content === undefined ? 404 : 200).end(content)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  return { ...rest, archive, checksums, from: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const report = () => {}

test('the user’s own command is used where it knows of encryption', async (t) => {
  const env = withHubble(t, 'echo hubble v1.20.0 compiled with go1.26.1 on linux/amd64')
  const program = await obtainHubble({ report, env, cache: scratch(t), release: nowhere })
  assert.equal(program, join(env.PATH!, 'hubble'))
})

test('else the official release is fetched, once', async (t) => {
  const env = withHubble(t, 'echo hubble v1.18.6 compiled with go1.25.1 on linux/amd64')
  const cache = scratch(t)
  const official = await serveRelease(t)
  const program = await obtainHubble({ report, env, cache, release: official })
  assert.equal(execFileSync(program, { encoding: 'utf8' }), 'this is hubble\n')
  assert.equal(await obtainHubble({ report, env, cache, release: nowhere }), program)
})

test('where it would have to be built and there is no Go, that is said with what helps', async (t) => {
  const env = withHubble(t, 'exit 1')
  await assert.rejects(obtainHubble({ report, env, cache: scratch(t), release: nowhere }), {
    code: 'ENOGO',
    exitCode: 3,
    message: /hubble has to be built here/,
  })
})

test('what is built is the version that is downloaded, and that the protocol files are of', () => {
  assert.match(readFileSync(join(wrapper, 'go.mod'), 'utf8'), new RegExp(`require ${goModule} v${version}\n`))
  const about = readFileSync(new URL('../../agent/hubble/proto/README.md', import.meta.url), 'utf8')
  assert.ok(about.includes(`${goModule}, v${version} `))
})
