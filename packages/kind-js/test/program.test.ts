/** Where kind comes from, and what provider is taken; nothing is fetched from outside, and nothing is built. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { detectProvider, KindError, obtainKind, openKind, type Release } from '../src/index.ts'
import { goMod, goSum } from '../src/program/go-module.ts'
import { officialRelease } from '../src/program/release.ts'
import { bundledVersion, isAtLeast, oldestVersion, versionIn } from '../src/program/version.ts'

const code = (its: string) => (error: unknown) => error instanceof KindError && error.code === its
const nowhere: Release = { from: 'http://127.0.0.1:1', program: 'kind', checksum: 'sum' }

/** A directory for PATH with such programs in it, and an empty cache. */
function machine(t: TestContext, programs: Readonly<Record<string, string>>) {
  const directory = mkdtempSync(join(tmpdir(), 'kind-js-machine-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const bin = join(directory, 'bin')
  mkdirSync(bin)
  for (const [name, body] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  return { bin, cache: join(directory, 'cache'), environment: { PATH: bin } }
}

/** A release on a server of the test's own. */
async function serve(t: TestContext, program: string, checksum?: string): Promise<Release> {
  const digest = createHash('sha256').update(program).digest('hex')
  const files: Readonly<Record<string, string>> = {
    '/kind': program,
    '/sum': checksum ?? `${digest}  kind\n`,
  }
  const server = createServer(({ url = '' }, response) => {
    const content = files[url]
    response.writeHead(content === undefined ? 404 : 200).end(content)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  return {
    from: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    program: 'kind',
    checksum: 'sum',
  }
}

describe('kind', { concurrency: true }, () => {
  test('on PATH is used where it is new enough', async (t) => {
    const { bin, cache, environment } = machine(t, { kind: 'echo kind v0.33.0-alpha go1.26.1 linux/amd64' })
    assert.equal(await obtainKind({ environment, cache, release: nowhere }), join(bin, 'kind'))
    assert.ok(!existsSync(cache))
  })

  test('else is downloaded, compared with its checksum, and kept', async (t) => {
    const { cache, environment } = machine(t, { kind: 'echo kind v0.9.0 go1.13 linux/amd64' })
    const notices: string[] = []
    const release = await serve(t, '#!/bin/sh\necho downloaded\n')
    const program = await obtainKind({
      environment,
      cache,
      release,
      onNotice: (notice) => notices.push(notice),
    })
    assert.equal(readFileSync(program, 'utf8'), '#!/bin/sh\necho downloaded\n')
    assert.match(notices[0]!, /bin\/kind is kind 0\.9\.0; 0\.24\.0 or later is needed$/)
    assert.deepEqual(readdirSync(cache).length, 1)
    assert.equal(await obtainKind({ environment, cache, release: nowhere }), program)
    assert.equal(await obtainKind({ environment, cache, offline: true }), program)
  })

  test('that is not what was published is not kept, and no other way is tried', async (t) => {
    const { cache, environment } = machine(t, { go: 'echo go version go1.26.1 linux/amd64' })
    const release = await serve(t, 'x', `${'0'.repeat(64)}  kind\n`)
    await assert.rejects(obtainKind({ environment, cache, release }), code('ECHECKSUM'))
    assert.deepEqual(readdirSync(cache), [])
    await assert.rejects(
      obtainKind({ environment, cache, release: await serve(t, 'x', 'no') }),
      code('ECHECKSUM'),
    )
  })

  test('else is built by Go, from what is pinned', async (t) => {
    // Writes what it was called with to where it was to build.
    const go = `[ "$1" = version ] && { echo go version go1.21.3 linux/amd64; exit; }
      for word in "$@"; do [ "$previous" != -o ] || target=$word; previous=$word; done
      { echo '#!/bin/sh'; echo "# $* $CGO_ENABLED $GOFLAGS $GOWORK"; while read -r line; do echo "# $line"; done < go.mod; } > "$target"`
    const { cache, environment } = machine(t, { go })
    const program = await obtainKind({ environment, cache, release: nowhere }).catch(
      (error: unknown) => error,
    )
    // It is not executable, as a real one would be.
    const text = readFileSync(String(program), 'utf8')
    assert.match(text, /# build -mod=readonly -trimpath .* sigs\.k8s\.io\/kind 0 {2}off$/m)
    assert.match(text, /# require sigs\.k8s\.io\/kind v0\.32\.0/)
    assert.equal(readdirSync(cache).length, 1)
  })

  test('that cannot be built says why, and leaves nothing', async (t) => {
    const go =
      '[ "$1" = version ] && { echo go version go1.26.1 linux/amd64; exit; }; echo no network >&2; exit 1'
    const { cache, environment } = machine(t, { go })
    await assert.rejects(obtainKind({ environment, cache, release: nowhere }), (error: unknown) => {
      assert.ok(error instanceof KindError && error.code === 'ENOKIND')
      assert.match(String((error.cause as Error).message), /no network/)
      return true
    })
    assert.deepEqual(readdirSync(cache), [])
  })

  test('that can be had in no way is said with what helps', async (t) => {
    const oldGo = { go: 'echo go version go1.19.8 linux/amd64' }
    for (const programs of [{}, oldGo] as Readonly<Record<string, string>>[]) {
      const { cache, environment } = machine(t, programs)
      await assert.rejects(obtainKind({ environment, cache, release: nowhere }), (error: unknown) => {
        assert.ok(error instanceof KindError && error.code === 'ENOKIND')
        assert.match(
          error.message,
          /^kind 0\.24\.0 or later is not on PATH, its release cannot be had \(.*there is no Go/,
        )
        assert.match(error.remedy!, /kind\.sigs\.k8s\.io/)
        return true
      })
      await assert.rejects(obtainKind({ environment, cache, offline: true }), /not to be fetched/)
    }
  })

  test('is not waited for once aborted', async (t) => {
    const { cache, environment } = machine(t, {})
    await assert.rejects(obtainKind({ environment, cache, release: nowhere, signal: AbortSignal.abort() }), {
      name: 'AbortError',
    })
    assert.deepEqual(readdirSync(cache), [])
  })
})

test('versions', () => {
  assert.equal(versionIn('kind v0.32.0 go1.26.8 linux/amd64\n'), '0.32.0')
  assert.equal(versionIn('kind version 0.32.0'), '0.32.0')
  assert.equal(versionIn('something v0.32.0'), undefined)
  assert.ok(isAtLeast('0.24.0', '0.24.0') && isAtLeast('1.0.0', '0.24.0') && isAtLeast('0.100.0', '0.24.0'))
  assert.ok(!isAtLeast('0.9.0', '0.24.0') && !isAtLeast('0.23.9', '0.24.0'))
  assert.ok(isAtLeast(bundledVersion, oldestVersion))
})

test('the release that is downloaded and the module that is built are of one version', () => {
  assert.match(goMod, new RegExp(`require sigs\\.k8s\\.io/kind v${bundledVersion}\n`))
  assert.match(goSum, new RegExp(`^sigs\\.k8s\\.io/kind v${bundledVersion} h1:`, 'm'))
  assert.deepEqual(officialRelease('linux', 'x64'), {
    from: `https://github.com/kubernetes-sigs/kind/releases/download/v${bundledVersion}`,
    program: 'kind-linux-amd64',
    checksum: 'kind-linux-amd64.sha256sum',
  })
  assert.equal(officialRelease('darwin', 'arm64').program, 'kind-darwin-arm64')
})

describe('the provider', { concurrency: true }, () => {
  const docker = 'echo Docker version 28.2.2, build e6534b4'
  const podman = 'echo podman version 5.4.2'

  test('is the first that is there, in kind’s order', async (t) => {
    const detect = (programs: Readonly<Record<string, string>>) =>
      detectProvider(machine(t, programs).environment)
    assert.equal(await detect({ docker, podman }), 'docker')
    assert.equal(await detect({ podman }), 'podman')
    assert.equal(await detect({ podman, nerdctl: 'echo nerdctl version 2.1.2' }), 'nerdctl')
    // Podman's own docker command does not say it is Docker.
    assert.equal(await detect({ docker: podman, podman }), 'podman')
    assert.equal(await detect({ docker: 'exit 1', podman }), 'podman')
    await assert.rejects(detect({}), code('ENOPROVIDER'))
  })

  test('is the one that kind’s variable names', async (t) => {
    const { environment } = machine(t, { docker })
    const named = (name: string) => detectProvider({ ...environment, KIND_EXPERIMENTAL_PROVIDER: name })
    assert.equal(await named('nerdctl.lima'), 'nerdctl.lima')
    await assert.rejects(
      named('rkt'),
      /"rkt" is no provider; allowed: docker, podman, nerdctl, finch, nerdctl\.lima/,
    )
  })

  test('is told to kind', async (t) => {
    const { bin, environment } = machine(t, {
      podman,
      kind: 'echo "kind v0.32.0 $KIND_EXPERIMENTAL_PROVIDER" | tee -a "$0.log"',
    })
    const kind = await openKind({
      environment: { ...environment, PATH: `${bin}:/usr/bin:/bin` },
      provider: 'podman',
    })
    assert.deepEqual([kind.provider, await kind.version()], ['podman', '0.32.0'])
    assert.match(readFileSync(join(bin, 'kind.log'), 'utf8'), /^kind v0\.32\.0 podman$/m)
  })
})
