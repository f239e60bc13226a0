import { spawn } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import { constants as system } from 'node:os'
import { PassThrough, Writable } from 'node:stream'
import { ReadStream } from 'node:tty'
import { check, libc } from '@wireproof/ffi'
import type { Exit, Start } from '../channel/frames.ts'
import type { ServedCommand } from '../channel/server.ts'
import { signalGroup } from './command.ts'

// asm-generic/ioctls.h
const TIOCSPTLCK = 0x40045431
const TIOCGPTN = 0x80045430
const TIOCSWINSZ = 0x5414

/** Begins a command on a pseudo-terminal of its own: what it prints comes on standard output alone. */
export function beginOnTerminal(start: Start, size: { columns: number; rows: number }): ServedCommand {
  const master = openSync('/dev/ptmx', 'r+')
  check('ioctl', libc.ioctl(master, TIOCSPTLCK, Buffer.alloc(4)), 'unlocking a pseudo-terminal')
  const number = Buffer.alloc(4)
  check('ioctl', libc.ioctl(master, TIOCGPTN, number), 'naming a pseudo-terminal')
  const slave = openSync(`/dev/pts/${number.readUInt32LE(0)}`, constants.O_RDWR | constants.O_NOCTTY)
  const resize = (columns: number, rows: number) => {
    const winsize = Buffer.alloc(8)
    winsize.writeUInt16LE(rows, 0)
    winsize.writeUInt16LE(columns, 2)
    check('ioctl', libc.ioctl(master, TIOCSWINSZ, winsize), 'sizing a pseudo-terminal')
  }
  resize(size.columns, size.rows)

  // setsid gives the command its session, and with it the process group that signalGroup reaches.
  const child = spawn('setsid', ['--ctty', '--', ...start.argv], {
    cwd: start.cwd,
    env: start.env,
    stdio: [slave, slave, slave],
  })
  closeSync(slave)
  const screen = new ReadStream(master)
  const stdout = new PassThrough()
  screen.pipe(stdout)
  // Reading the master fails with EIO once the last process has closed the terminal: that is its end of file.
  screen.on('error', () => stdout.end())
  const exit = new Promise<Exit>((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve({ code: code ?? 128 + system.signals[signal!] }))
  })
  return {
    stdin: keyboard(screen),
    stdout,
    stderr: new PassThrough().end(),
    exit,
    signal: (name) => signalGroup(child.pid, name),
    resize,
  }
}

/** What a person types; the end of input is a key on a terminal, so the stream's own end is not passed on. */
function keyboard(screen: ReadStream): NodeJS.WritableStream {
  return new Writable({
    write(keys, _encoding, done) {
      screen.write(keys)
      done()
    },
  })
}
