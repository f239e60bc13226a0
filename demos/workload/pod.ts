/**
 * The traffic in a pod: a server that acknowledges what it received with its SHA-256, and a client that sends what it is
 * told to. It takes requests and gives reports as JSON lines on stdin and stdout, and ends when stdin does, so that
 * nothing of it outlives the demo. One file and no imports but Node's own: the same text runs in every pod.
 *
 * The last two arguments are the address to listen on and the port, the same for UDP and TCP.
 */
import { createHash } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'

export interface SendRequest {
  readonly op: 'send'
  readonly id: string
  readonly to: string
  readonly port: number
  readonly protocol: 'udp' | 'tcp'
  /** What the payload repeats. */
  readonly token: string
  /** Length of the payload. */
  readonly bytes: number
  /** Milliseconds after which it counts as lost; nothing is sent twice, except by TCP itself. */
  readonly deadlineMs: number
}

/** Datagrams one after the other, each at its time, until the same id is ended. */
export interface StreamRequest {
  readonly op: 'stream'
  readonly id: string
  readonly to: string
  readonly port: number
  readonly token: string
  readonly bytes: number
  readonly everyMs: number
  readonly deadlineMs: number
}

export interface EndRequest {
  readonly op: 'end'
  readonly id: string
}

export type Request = SendRequest | StreamRequest | EndRequest

export interface ReadyReport {
  readonly ready: true
  readonly port: number
}

export interface SentReport {
  readonly id: string
  /** An acknowledgement came back in time. */
  readonly delivered: boolean
  /** It acknowledges exactly what was sent. */
  readonly unchanged: boolean
  readonly ms: number
  readonly problem?: string
}

export interface StreamReport {
  readonly id: string
  readonly sent: number
  readonly lost: number
  readonly changed: number
  /** Milliseconds from the first datagram lost to the end of the longest row of losses. */
  readonly longestGapMs: number
}

export type Report = ReadyReport | SentReport | StreamReport

interface Acknowledgement {
  readonly digest?: Buffer
  readonly problem?: string
}

const [listenAddress, listenPort] = process.argv.slice(-2)

const digest = (data: Uint8Array) => createHash('sha256').update(data).digest()
const report = (line: Report) => process.stdout.write(`${JSON.stringify(line)}\n`)

function payload(token: string, bytes: number): Buffer {
  return Buffer.alloc(bytes, `${token} `)
}

function serveUdp(): Promise<void> {
  const server = createSocket('udp4')
  server.on('message', (message, { address, port }) => server.send(digest(message), port, address))
  return new Promise((resolve, reject) => {
    server.once('error', reject).bind(Number(listenPort), listenAddress, resolve)
  })
}

function serveTcp(): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const received = createHash('sha256')
    socket.on('data', (chunk) => received.update(chunk))
    socket.on('end', () => socket.end(received.digest()))
    // A client that gave up resets the connection; whether its data arrived is for the client to say.
    socket.on('error', () => socket.destroy())
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(Number(listenPort), listenAddress, resolve)
  })
}

type Exchange = (to: string, port: number, message: Buffer, deadlineMs: number) => Promise<Acknowledgement>

const exchangeUdp: Exchange = (to, port, message, deadlineMs) =>
  new Promise((resolve) => {
    const socket = createSocket('udp4')
    const finish = (acknowledgement: Acknowledgement) => {
      clearTimeout(deadline)
      socket.close()
      resolve(acknowledgement)
    }
    const deadline = setTimeout(() => finish({ problem: `no answer within ${deadlineMs} ms` }), deadlineMs)
    socket.once('message', (answer) => finish({ digest: answer }))
    socket.once('error', (error) => finish({ problem: error.message }))
    socket.send(message, port, to)
  })

const exchangeTcp: Exchange = (to, port, message, deadlineMs) =>
  new Promise((resolve) => {
    const answer: Buffer[] = []
    let problem: string | undefined
    const socket = connect({ host: to, port, noDelay: true }, () => socket.end(message))
    const deadline = setTimeout(() => {
      const missing = socket.connecting ? 'connection' : 'answer'
      socket.destroy(new Error(`no ${missing} within ${deadlineMs} ms`))
    }, deadlineMs)
    socket.on('data', (chunk) => answer.push(chunk))
    socket.once('error', (error) => {
      problem = error.message
    })
    // Only when both sides have ended is the last segment on its way, and a capture of all of it complete.
    socket.once('close', () => {
      clearTimeout(deadline)
      resolve(problem === undefined ? { digest: Buffer.concat(answer) } : { problem })
    })
  })

async function send({ id, to, port, protocol, token, bytes, deadlineMs }: SendRequest): Promise<void> {
  const message = payload(token, bytes)
  const start = performance.now()
  const exchange = protocol === 'udp' ? exchangeUdp : exchangeTcp
  const { digest: answer, problem } = await exchange(to, port, message, deadlineMs)
  const outcome = {
    id,
    delivered: answer !== undefined,
    unchanged: answer?.equals(digest(message)) ?? false,
    ms: Math.round((performance.now() - start) * 100) / 100,
  }
  report(problem === undefined ? outcome : { ...outcome, problem })
}

const streams = new Map<string, () => Promise<StreamReport>>()

function startStream({ id, to, port, token, bytes, everyMs, deadlineMs }: StreamRequest): void {
  const message = payload(token, bytes)
  const expected = digest(message)
  const exchanges: Promise<{ at: number; lost: boolean; changed: boolean }>[] = []
  const sendOne = () => {
    const at = performance.now()
    const exchange = exchangeUdp(to, port, message, deadlineMs)
    exchanges.push(
      exchange.then(({ digest: answer }) => ({
        at,
        lost: answer === undefined,
        changed: answer !== undefined && !answer.equals(expected),
      })),
    )
  }
  sendOne()
  const timer = setInterval(sendOne, everyMs)
  streams.set(id, async () => {
    clearInterval(timer)
    const results = await Promise.all(exchanges)
    let gapStart: number | undefined
    let longestGapMs = 0
    for (const { at, lost } of results) {
      if (!lost) gapStart = undefined
      else {
        gapStart ??= at
        longestGapMs = Math.max(longestGapMs, Math.round(at + everyMs - gapStart))
      }
    }
    const count = (what: (result: (typeof results)[number]) => boolean) => results.filter(what).length
    return {
      id,
      sent: results.length,
      lost: count(({ lost }) => lost),
      changed: count(({ changed }) => changed),
      longestGapMs,
    }
  })
}

async function endStream(id: string): Promise<void> {
  const end = streams.get(id)
  if (end === undefined) throw new Error(`no stream ${id} is running`)
  streams.delete(id)
  report(await end())
}

function obey(request: Request): void {
  if (request.op === 'send') void send(request)
  else if (request.op === 'stream') startStream(request)
  else void endStream(request.id)
}

await Promise.all([serveUdp(), serveTcp()])
report({ ready: true, port: Number(listenPort) })
createInterface({ input: process.stdin })
  .on('line', (line) => obey(JSON.parse(line) as Request))
  .on('close', () => process.exit(0))
