import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { watchReadable } from './readable.ts'

const never = (error: Error) => assert.fail(error)

/** A FIFO open in both directions: what is written can be read. */
function openFifo(context: TestContext): { fd: number; read(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'ffi-test-'))
  const path = join(directory, 'fifo')
  execFileSync('mkfifo', [path])
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  context.after(() => {
    closeSync(fd)
    rmSync(directory, { recursive: true })
  })
  return { fd, read: () => readSync(fd, Buffer.alloc(1)) }
}

test('something to read wakes, and nothing does not', async (context) => {
  const { fd, read } = openFifo(context)
  let wakes = 0
  const watching = watchReadable(
    fd,
    () => {
      wakes++
      read()
    },
    never,
  )
  await sleep(50)
  assert.equal(wakes, 0)
  writeSync(fd, 'abc')
  await until(() => wakes === 3)
  await sleep(50)
  assert.equal(wakes, 3, 'one byte is read at each wake')
  watching.close()
})

test('closing ends the waking, also twice, and leaves the descriptor open', async (context) => {
  const { fd } = openFifo(context)
  let wakes = 0
  const watching = watchReadable(fd, () => wakes++, never)
  watching.close()
  watching.close()
  writeSync(fd, 'a')
  await sleep(50)
  assert.equal(wakes, 0)
})

test('a handler may close its own watch', async (context) => {
  const { fd } = openFifo(context)
  let wakes = 0
  const watching = watchReadable(
    fd,
    () => {
      wakes++
      watching.close()
    },
    never,
  )
  writeSync(fd, 'a')
  await until(() => wakes === 1)
  await sleep(50)
  assert.equal(wakes, 1)
})

test('garbage collection does not end a watch that nobody holds', async (context) => {
  const { fd, read } = openFifo(context)
  let wakes = 0
  let close: (() => void) | undefined
  ;(() => {
    const watching = watchReadable(
      fd,
      () => {
        wakes++
        read()
        close = () => watching.close()
      },
      never,
    )
  })()
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let round = 0; round < 3; round++) {
    collect()
    await sleep(10)
  }
  writeSync(fd, 'a')
  await until(() => wakes === 1)
  close?.()
  collect()
})

test('what a handler throws is reported, and the next thing to read wakes again', async (context) => {
  const { fd, read } = openFifo(context)
  const errors: string[] = []
  const watching = watchReadable(
    fd,
    () => {
      read()
      throw new Error('handler')
    },
    ({ message }) => errors.push(message),
  )
  writeSync(fd, 'a')
  await until(() => errors.length === 1)
  writeSync(fd, 'a')
  await until(() => errors.length === 2)
  assert.deepEqual(errors, ['handler', 'handler'])
  watching.close()
})

test('what the error handler itself throws is an uncaught exception, not an abort', () => {
  const module = new URL('./readable.ts', import.meta.url).href
  const program = `
    import { watchReadable } from ${JSON.stringify(module)}
    process.on('uncaughtException', ({ message }) => { gc(); console.log(message); process.exit(3) })
    watchReadable(0, () => { throw new Error('first') }, () => { throw new Error('second') })
  `
  const { status, stdout, signal } = spawnSync(
    process.execPath,
    ['--expose-gc', '--input-type=module-typescript', '--eval', program],
    { input: 'a', encoding: 'utf8' },
  )
  assert.deepEqual({ status, stdout, signal }, { status: 3, stdout: 'second\n', signal: null })
})

test('what cannot be watched is refused instead of aborting the process', (context) => {
  const { fd } = openFifo(context)
  const directory = openSync('/', 'r')
  const closed = openSync('/', 'r')
  closeSync(closed)
  assert.throws(() => watchReadable(-1, () => {}, never), RangeError)
  assert.throws(() => watchReadable(closed, () => {}, never), { code: 'EBADF' })
  assert.throws(() => watchReadable(directory, () => {}, never), { code: 'EPERM' })
  closeSync(directory)
  const first = watchReadable(fd, () => {}, never)
  assert.throws(() => watchReadable(fd, () => {}, never), { code: 'EEXIST' })
  first.close()
  watchReadable(fd, () => {}, never).close()
})

async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 5000; !condition(); await sleep(5))
    if (Date.now() > end) assert.fail('nothing happened within five seconds')
}
