import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Guest, RunOptions } from '../lab/kernel.ts'
import { Problem } from '../lab/problem.ts'
import { bootGuest } from '../lab/vm/boot.ts'
import { connectKeeper, killLeftovers, listKeepers, startKeeper } from '../lab/vm/keepers.ts'
import { ownProcesses } from '../lab/vm/processes.ts'
import { root } from './wireproof.ts'

type Said = { code: number; stdout: string; stderr: string }

async function say(guest: Guest, argv: readonly string[], options: Partial<RunOptions> = {}): Promise<Said> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const heard = Promise.all([text(stdout), text(stderr)])
  try {
    const code = await guest.run(argv, {
      cwd: '/',
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
      stdout,
      stderr,
      ...options,
    })
    stdout.end()
    stderr.end()
    const [out, err] = await heard
    return { code, stdout: out, stderr: err }
  } catch (error) {
    stdout.end()
    stderr.end()
    throw error
  }
}

const shell = (guest: Guest, script: string, options: Partial<RunOptions> = {}) =>
  say(guest, ['sh', '-c', script], options)

describe('a booted kernel', () => {
  let guest: Guest
  let scratch: string
  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'vm-test-'))
    guest = await bootGuest({ kind: 'uml' })
  })
  after(async () => {
    await guest.stop()
    rmSync(scratch, { recursive: true })
  })

  test('has ESP, and its root may use it', async () => {
    const sa = `ip xfrm state add src 10.0.0.1 dst 10.0.0.2 proto esp spi 1 reqid 1 mode tunnel aead 'rfc4106(gcm(aes))' 0x${'01'.repeat(20)} 128`
    const { code, stdout } = await shell(
      guest,
      `id -u; ip netns add a && ip netns exec a sh -c "${sa}; ip xfrm state count"`,
    )
    assert.equal(code, 0)
    assert.match(stdout, /^0\n\s*SAD count 1/)
    const wrong = await shell(guest, sa.replace('rfc4106', 'rfc9999'))
    assert.notEqual(wrong.code, 0)
  })

  test('hands back output, errors and exit code apart', async () => {
    assert.deepEqual(await shell(guest, 'echo out; echo err >&2; exit 7'), {
      code: 7,
      stdout: 'out\n',
      stderr: 'err\n',
    })
    assert.equal((await shell(guest, 'kill -TERM $$')).code, 143)
  })

  test('says what is wrong with a command that does not exist', async () => {
    await assert.rejects(say(guest, ['no-such-program']), {
      name: 'Problem',
      exitCode: 2,
      message: /no-such-program: ENOENT/,
    })
  })

  test('takes megabytes of input and gives them back unchanged, several commands at a time', async () => {
    const send = async (size: number) => {
      const data = randomBytes(size)
      const { stdout } = await say(guest, ['sha256sum'], { stdin: Readable.from([data]) })
      assert.equal(stdout.split(' ')[0], createHash('sha256').update(data).digest('hex'))
    }
    const receive = async () => {
      const { stdout } = await shell(guest, 'head -c 2000000 /dev/zero | tr "\\0" x')
      assert.equal(stdout, 'x'.repeat(2_000_000))
    }
    await Promise.all([send(2_000_000), send(700_001), receive()])
  })

  test('is not held up for others by a command whose output nobody reads', async () => {
    const stuck = new PassThrough({ highWaterMark: 1024 })
    const abort = new AbortController()
    const waiting = guest.run(['yes'], {
      cwd: '/',
      env: { PATH: '/usr/bin' },
      stdout: stuck,
      stderr: stuck,
      signal: abort.signal,
    })
    await delay(300)
    assert.equal((await shell(guest, 'echo free')).stdout, 'free\n')
    abort.abort()
    stuck.resume()
    assert.equal(await waiting, 130)
  })

  test('passes an interruption to the command and all it started', async () => {
    const abort = new AbortController()
    setTimeout(() => abort.abort(), 200)
    const { code, stdout } = await shell(guest, 'trap "echo caught; exit 3" INT; sleep 60 | cat; echo late', {
      signal: abort.signal,
    })
    assert.deepEqual({ code, stdout }, { code: 3, stdout: 'caught\n' })
    assert.equal((await shell(guest, 'pgrep -x sleep')).stdout, '')
  })

  test('gives a person a terminal of the right size', async () => {
    const { stdout, code } = await shell(guest, 'tty; stty size; exit 4', {
      terminal: { columns: 91, rows: 33 },
    })
    assert.match(stdout, /^\/dev\/pts\/\d+\r\n33 91\r\n$/)
    assert.equal(code, 4)
    assert.match((await shell(guest, 'tty')).stdout, /not a tty/)
  })

  test('hands back what is written in the results directory, owned by the caller, and nothing else', async () => {
    const results = join(scratch, 'results')
    const { code, stderr } = await shell(
      guest,
      `mkdir -p ${results}/deep && echo yes >${results}/deep/file && chown 12:34 ${results}/deep/file && ln -s /etc/shadow ${results}/link && echo no >${scratch}/beside`,
      { results },
    )
    assert.equal(code, 0, stderr)
    assert.equal(readFileSync(join(results, 'deep/file'), 'utf8'), 'yes\n')
    assert.equal(statSync(join(results, 'deep/file')).uid, process.geteuid!())
    assert.match(stderr, /not handed back.*link/)
    assert.ok(!existsSync(join(results, 'link')))
    assert.ok(!existsSync(join(scratch, 'beside')))
  })

  test('sees the checkout where it is, and writes to it are its own', async () => {
    const { stdout } = await shell(
      guest,
      `wc -c <${root}/package.json; echo >>${root}/package.json && wc -c <${root}/package.json`,
    )
    const size = statSync(join(root, 'package.json')).size
    assert.deepEqual(stdout.trim().split('\n').map(Number), [size, size + 1])
    assert.equal(statSync(join(root, 'package.json')).size, size)
  })

  test("cannot write to this machine's files, however its root tries", async () => {
    const attempts = `
      mkdir -p /tmp/direct && mount -t hostfs -o / none /tmp/direct || echo no-mount
      mount -o remount,rw /tmp/direct
      for place in ${root} /etc /usr /var/lib /opt /; do
        touch /tmp/direct$place/wireproof-was-here 2>/dev/null && echo wrote $place
        (echo x >>/tmp/direct$place/package.json) 2>/dev/null && echo appended $place
      done
      cat /tmp/direct/etc/shadow >/dev/null 2>&1 && echo read-secret
      ls -A /tmp/direct/root/.ssh /tmp/direct/proc/1/environ 2>/dev/null
      touch /tmp/direct/run/wireproof/exchange/control && echo control`
    const before = statSync(root).mtimeMs
    const { stdout } = await shell(guest, attempts)
    // The control: by the same mount the exchange directory, and it alone, can be written.
    assert.equal(stdout.replace('/tmp/direct/proc/1/environ\n', ''), 'control\n')
    assert.ok(!existsSync('/etc/wireproof-was-here'))
    assert.equal(statSync(root).mtimeMs, before)
  })

  test("does not see this machine's processes, sockets and temporary files", async () => {
    symlinkSync('/', join(scratch, 'visible-outside-only'))
    const { stdout } = await shell(
      guest,
      `ls -A ${scratch} 2>&1; ls /run/docker.sock 2>&1; ls -d /proc/${process.pid} 2>&1`,
    )
    assert.equal(
      stdout.match(/No such file/g)?.length,
      existsSync('/run/docker.sock') ? 3 : stdout.match(/No such file/g)?.length,
    )
    assert.doesNotMatch(stdout, /visible-outside-only/)
  })
})

describe('the end of a booted kernel', () => {
  const processes = () =>
    ownProcesses().filter(({ argv }) =>
      argv.some((word) => word.includes(`wireproof_guest=:${process.pid}:`)),
    )

  test('leaves no process when it is stopped', async () => {
    const guest = await bootGuest({ kind: 'uml' })
    assert.ok(processes().length > 0)
    await guest.stop()
    assert.deepEqual(processes(), [])
  })

  test('is named, with its last words, when it panics under a command', async () => {
    const guest = await bootGuest({ kind: 'uml' }, { memoryMib: 256 })
    const fatal = shell(guest, 'echo 2 >/proc/sys/vm/panic_on_oom; exec tail /dev/zero')
    await assert.rejects(
      fatal,
      (error) => error instanceof Problem && error.code === 'EGUESTDIED' && /panic/i.test(error.remedy ?? ''),
    )
    await guest.stop()
    assert.deepEqual(processes(), [])
  })

  for (const signal of ['SIGKILL', 'SIGTERM'] as const)
    test(`comes with the end of its owner by ${signal}, and leaves nothing`, async () => {
      const owner = spawn(
        process.execPath,
        [join(root, 'lab/vm/run.ts'), '--kernel', 'uml', '--', 'sh', '-c', 'echo up; exec sleep 60'],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      )
      const guests = () =>
        ownProcesses().filter(({ argv }) =>
          argv.some((word) => word.includes(`wireproof_guest=:${owner.pid}:`)),
        )
      await once(owner.stdout, 'data')
      assert.ok(guests().length > 0)
      owner.kill(signal)
      await once(owner, 'exit')
      for (let left = 100; guests().length > 0 && left > 0; left--) await delay(20)
      assert.deepEqual(guests(), [])
    })
})

describe('a kept kernel', () => {
  const lab = 'vm-test'
  after(() => killLeftovers(lab))

  test('outlives who started it, serves its owner, and goes when told', async () => {
    const started = await startKeeper(lab, { kind: 'uml' })
    assert.equal(started.description.kind, 'uml')
    await shell(started, 'echo kept >/run/mark')
    const again = await connectKeeper(lab)
    assert.deepEqual(await shell(again, 'cat /run/mark; exit 5'), { code: 5, stdout: 'kept\n', stderr: '' })
    assert.deepEqual(
      (await listKeepers()).map((keeper) => keeper.lab).filter((name) => name === lab),
      [lab],
    )
    await again.stop()
    assert.ok(!(await listKeepers()).some((keeper) => keeper.lab === lab))
    await assert.rejects(connectKeeper(lab), { code: 'ENOKEEPER' })
  })

  test('leaves nothing behind when its keeper is killed', async () => {
    await startKeeper(lab, { kind: 'uml' })
    const { pid } = (await listKeepers()).find((keeper) => keeper.lab === lab)!
    process.kill(pid, 'SIGKILL')
    await killLeftovers(lab)
    const left = () =>
      ownProcesses().filter(({ argv }) => argv.some((word) => word.includes(`wireproof_guest=${lab}:`)))
    for (let patience = 100; left().length > 0 && patience > 0; patience--) await delay(20)
    assert.deepEqual(left(), [])
  })
})
