import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterEach, test } from 'node:test'
import { CommandClient } from './client.ts'
import type { Exit, Start } from './frames.ts'
import { type ServedCommand, serveCommands } from './server.ts'

interface Fake extends ServedCommand {
  readonly stdin: PassThrough
  readonly stdout: PassThrough
  readonly stderr: PassThrough
  readonly start: Start
  readonly signals: string[]
  end(exit: Exit): void
}

const open: Socket[] = []
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy()
})

/** Two ends of one line. */
async function socketPair(): Promise<[Socket, Socket]> {
  const directory = mkdtempSync(join(tmpdir(), 'line-test-'))
  const server = createServer().listen(join(directory, 'line'))
  const here = connect(join(directory, 'line'))
  const [there] = (await once(server, 'connection')) as [Socket]
  server.close()
  rmSync(directory, { recursive: true })
  open.push(here, there)
  return [here, there]
}

async function lineWith(begun: (command: Fake) => void, paced = false) {
  const [here, there] = await socketPair()
  const begin = (start: Start): ServedCommand => {
    if (start.argv[0] === 'refused') throw new Error('no such thing')
    const { promise, resolve } = Promise.withResolvers<Exit>()
    const signals: string[] = []
    const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() }
    const command: Fake = {
      ...streams,
      start,
      signals,
      exit: promise,
      signal: (name) => signals.push(name),
      resize() {},
      end(exit) {
        streams.stdout.end()
        streams.stderr.end()
        resolve(exit)
      },
    }
    begun(command)
    return command
  }
  serveCommands({ input: there, output: there, paced }, { begin }, { greeting: 'hello' })
  return { client: new CommandClient(here, { paced }), there }
}

const options = (stdout: PassThrough, stdin?: Readable) => ({
  cwd: '/somewhere',
  env: { A: 'b' },
  stdout,
  stderr: new PassThrough().resume(),
  ...(stdin ? { stdin } : {}),
})

test('a command is begun as it was asked for, and its end comes back', async () => {
  const { client } = await lineWith((command) => {
    assert.deepEqual(command.start, { argv: ['x', 'y'], cwd: '/somewhere', env: { A: 'b' } })
    command.stdout.write('said')
    command.end({ code: 42 })
  })
  assert.deepEqual(await client.ready(), { greeting: 'hello' })
  const stdout = new PassThrough()
  assert.deepEqual(await client.begin(['x', 'y'], options(stdout)).ended, { code: 42 })
  stdout.end()
  assert.equal(await text(stdout), 'said')
})

test('output that was not read when the command ended is not lost', async () => {
  const much = 'z'.repeat(3_000_000)
  const { client } = await lineWith((command) => {
    command.stdout.write(much)
    command.end({ code: 0 })
  })
  const stdout = new PassThrough()
  const heard = text(stdout)
  await client.begin(['x'], options(stdout)).ended
  stdout.end()
  assert.equal((await heard).length, much.length)
})

for (const paced of [false, true])
  test(`input arrives whole and in order on a ${paced ? 'paced' : 'plain'} line`, async () => {
    const sent = Buffer.from(Array.from({ length: 500_000 }, (_, index) => (index * 7) % 253))
    let received: Promise<Buffer> | undefined
    const { client } = await lineWith((command) => {
      received = command.stdin.toArray().then((parts) => Buffer.concat(parts))
      void received.then(() => command.end({ code: 0 }))
    }, paced)
    await client.begin(['x'], options(new PassThrough().resume(), Readable.from([sent]))).ended
    assert.deepEqual(await received, sent)
  })

test('a command that nobody reads does not hold up another', async () => {
  const { client } = await lineWith((command) => {
    if (command.start.argv[0] === 'loud') command.stdout.write('x'.repeat(2_000_000))
    else command.end({ code: 3 })
  })
  client.begin(['loud'], options(new PassThrough({ highWaterMark: 1 }))).ended.catch(() => {})
  assert.deepEqual(await client.begin(['quiet'], options(new PassThrough())).ended, { code: 3 })
})

test('signals reach the command they are for', async () => {
  const commands: Fake[] = []
  const { client } = await lineWith((command) => commands.push(command))
  await client.ready()
  const one = client.begin(['one'], options(new PassThrough()))
  const two = client.begin(['two'], options(new PassThrough()))
  two.signal('SIGINT')
  while (commands.length < 2 || commands[1]!.signals.length === 0) await new Promise(setImmediate)
  assert.deepEqual(
    commands.map(({ signals }) => signals),
    [[], ['SIGINT']],
  )
  for (const command of commands) command.end({ code: 0 })
  await Promise.all([one.ended, two.ended])
})

test('what cannot be begun says why', async () => {
  const { client } = await lineWith(() => {})
  assert.deepEqual(await client.begin(['refused'], options(new PassThrough())).ended, {
    code: 126,
    problem: 'no such thing',
  })
})

test('a line that closes ends its commands with an error, and later ones too', async () => {
  const { client, there } = await lineWith(() => {})
  await client.ready()
  const running = client.begin(['x'], options(new PassThrough())).ended
  there.destroy()
  await assert.rejects(running, { code: 'ELINECLOSED' })
  await assert.rejects(client.begin(['y'], options(new PassThrough())).ended, { code: 'ELINECLOSED' })
  assert.equal(await client.ping(1_000), false)
})
