/**
 * Keeps a kernel running after the command that booted it has ended, and runs commands in it for whoever can open its
 * socket. Started by {@link startKeeper}: `node keeper.ts wireproof-keeper=<lab> <kind> [version]`.
 */
import { unlinkSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { Problem } from '../problem.ts'
import { type BootedGuest, bootGuest } from './boot.ts'
import type { Start } from './channel/frames.ts'
import { type ServedCommand, serveCommands } from './channel/server.ts'
import { keeperMarker, socketPath } from './keeper-socket.ts'

const [marker, kind, version] = process.argv.slice(2) as [string, 'uml' | 'qemu', string?]
const lab = marker.slice(keeperMarker.length)
const report = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`)
// The starter may have gone; a keeper goes on without it.
process.stdout.on('error', () => {})

try {
  await keep()
} catch (error) {
  const { message, code, exitCode, remedy } = error as Problem
  report({ problem: { message, code: code ?? 'EKEEPER', exitCode: exitCode ?? 4, remedy } })
  process.exit(1)
}

async function keep(): Promise<void> {
  const path = socketPath(lab)
  const guest = await bootGuest(version ? { kind, version } : { kind }, {
    lab,
    progress: (line) => report({ progress: line }),
  })
  const server = createServer((socket) => serve(socket, guest))
  await listen(server, path)
  const stop = async () => {
    server.close()
    await guest.stop()
    process.exit(0)
  }
  process.on('SIGTERM', stop).on('SIGINT', stop)
  void guest.ended.then(() => process.exit(1))
  process.on('exit', () => {
    try {
      unlinkSync(path)
    } catch {
      // Closing the server has removed it already.
    }
  })
  report({ ready: guest.description })
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new Problem('ELABEXISTS', 2, `lab ${lab} is being stood up by another command`, 'Wait for it.')
          : error,
      )
    })
    server.listen(path, resolve)
  })
}

function serve(socket: Socket, guest: BootedGuest): void {
  const served = serveCommands(
    { input: socket, output: socket },
    { begin: (start) => begin(guest, start) },
    { description: guest.description },
  )
  socket.on('error', () => {})
  socket.on('close', () => served.hangUp())
}

function begin(guest: BootedGuest, start: Start): ServedCommand {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  const { argv, ...rest } = start
  const command = guest.begin(argv, { ...rest, stdin, stdout, stderr })
  return {
    stdin,
    stdout,
    stderr,
    exit: command.ended.finally(() => {
      stdout.end()
      stderr.end()
    }),
    signal: command.signal,
    resize: command.resize,
  }
}
