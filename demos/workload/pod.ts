/**
 * The traffic in a pod: a server that acknowledges what it received with its SHA-256, and a client that sends what it is
 * told to. It takes requests and gives reports as JSON lines on stdin and stdout, and ends when stdin does, so that
 * nothing of it outlives the demo. One file and no imports but Node's own: the same text runs in every pod.
 *
 * The last two arguments are the addresses to listen on, with commas between them, and the port, the same for UDP and TCP;
 * sessions come to the next one.
 */
import { createHash } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { connect, createServer, isIPv6 } from 'node:net'
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

/** Datagrams one after the other, each at its time and with its number, until the same id is ended. */
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

/** The same in one TCP connection. */
export interface SessionRequest extends Omit<StreamRequest, 'op'> {
  readonly op: 'session'
}

export interface EndRequest {
  readonly op: 'end'
  readonly id: string
}

export type Request = SendRequest | StreamRequest | SessionRequest | EndRequest

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
  readonly answered: number
  readonly lost: number
  /** Answers that belong to nothing that was sent. */
  readonly changed: number
  /** Milliseconds from the first datagram lost to the end of the longest row of losses. */
  readonly longestGapMs: number
}

export interface SessionReport extends StreamReport {
  /** By which the connection left; 0 where there was none. */
  readonly port: number
}

export type Report = ReadyReport | SentReport | StreamReport | SessionReport

interface Acknowledgement {
  readonly digest?: Buffer
  readonly problem?: string
}

const [listenAddresses, listenPort] = process.argv.slice(-2)

const digest = (data: Uint8Array) => createHash('sha256').update(data).digest()
const report = (line: Report) => process.stdout.write(`${JSON.stringify(line)}\n`)

function payload(token: string, bytes: number): Buffer {
  return Buffer.alloc(bytes, `${token} `)
}

const udpTo = (address: string) => createSocket(isIPv6(address) ? 'udp6' : 'udp4')

function serveUdp(own: string): Promise<void> {
  const server = udpTo(own)
  server.on('message', (message, { address, port }) => server.send(digest(message), port, address))
  return new Promise((resolve, reject) => {
    server.once('error', reject).bind(Number(listenPort), own, resolve)
  })
}

function serveTcp(own: string): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const received = createHash('sha256')
    socket.on('data', (chunk) => received.update(chunk))
    socket.on('end', () => socket.end(received.digest()))
    // A client that gave up resets the connection; whether its data arrived is for the client to say.
    socket.on('error', () => socket.destroy())
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(Number(listenPort), own, resolve)
  })
}

/** As many bytes as every message of a session has. */
const messageBytes = 96

/** Answers each message of a session by itself. */
function serveSessions(own: string): Promise<void> {
  const server = createServer((socket) => {
    let pending = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk])
      for (; pending.length >= messageBytes; pending = pending.subarray(messageBytes))
        socket.write(digest(pending.subarray(0, messageBytes)))
    })
    socket.on('error', () => socket.destroy())
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(Number(listenPort) + 1, own, resolve)
  })
}

type Exchange = (to: string, port: number, message: Buffer, deadlineMs: number) => Promise<Acknowledgement>

const exchangeUdp: Exchange = (to, port, message, deadlineMs) =>
  new Promise((resolve) => {
    const socket = udpTo(to)
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

/** What ends each stream and each session. */
const streams = new Map<string, () => Promise<StreamReport>>()

interface Sent {
  readonly at: number
  answered: boolean
}

/** A datagram begins with its stream's token and its number, so that no two have the same answer. */
function datagram(token: string, number: number, bytes: number): Buffer {
  return Buffer.alloc(bytes, `${token} ${number} `)
}

/** All on one socket: the next datagram waits for no answer. */
function startStream({ id, to, port, token, bytes, everyMs, deadlineMs }: StreamRequest): void {
  const socket = udpTo(to)
  const sent: Sent[] = []
  const waiting = new Map<string, Sent>()
  let strange = 0
  socket.on('message', (answer) => {
    const found = waiting.get(answer.toString('latin1'))
    if (found) found.answered = true
    else strange++
  })
  // What cannot be sent is lost, and told as such.
  socket.on('error', () => {})
  const sendOne = () => {
    const message = datagram(token, sent.length + 1, bytes)
    const entry = { at: performance.now(), answered: false }
    sent.push(entry)
    waiting.set(digest(message).toString('latin1'), entry)
    socket.send(message, port, to)
  }
  sendOne()
  const timer = setInterval(sendOne, everyMs)
  streams.set(id, async () => {
    clearInterval(timer)
    const until = performance.now() + deadlineMs
    while (sent.some(({ answered }) => !answered) && performance.now() < until)
      await new Promise((resolve) => setTimeout(resolve, 5))
    socket.close()
    return streamReport(id, sent, strange, everyMs)
  })
}

function streamReport(id: string, sent: readonly Sent[], changed: number, everyMs: number): StreamReport {
  const lost = sent.filter(({ answered }) => !answered).length
  const answered = sent.length - lost
  return { id, sent: sent.length, answered, lost, changed, longestGapMs: longestGap(sent, everyMs) }
}

/** What TCP cannot get through now it sends again, and the answers come in the order of the messages. */
function startSession({ id, to, port, token, everyMs, deadlineMs }: SessionRequest): void {
  const sent: (Sent & { readonly answer: Buffer })[] = []
  let strange = 0
  let pending = Buffer.alloc(0)
  const socket = connect({ host: to, port: port + 1, noDelay: true })
  let localPort = 0
  socket.once('connect', () => {
    localPort = socket.localPort ?? 0
  })
  const closed = new Promise((resolve) => socket.once('close', resolve))
  // What is not answered in the end is told as such.
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    pending = Buffer.concat([pending, chunk])
    for (; pending.length >= answerBytes; pending = pending.subarray(answerBytes)) {
      const next = sent.find(({ answered }) => !answered)
      if (next?.answer.equals(pending.subarray(0, answerBytes))) next.answered = true
      else strange++
    }
  })
  const timer = setInterval(() => {
    if (localPort === 0) return
    const message = datagram(token, sent.length + 1, messageBytes)
    sent.push({ at: performance.now(), answered: false, answer: digest(message) })
    socket.write(message)
  }, everyMs)
  streams.set(id, async () => {
    clearInterval(timer)
    const until = performance.now() + deadlineMs
    while (sent.some(({ answered }) => !answered) && performance.now() < until)
      await new Promise((resolve) => setTimeout(resolve, 5))
    const isWhole = sent.every(({ answered }) => answered)
    if (isWhole) socket.end()
    else socket.destroy()
    await closed
    return { ...streamReport(id, sent, strange, everyMs), port: localPort }
  })
}

const answerBytes = 32

function longestGap(sent: readonly Sent[], everyMs: number): number {
  let gapStart: number | undefined
  let longest = 0
  for (const { at, answered } of sent) {
    if (answered) gapStart = undefined
    else {
      gapStart ??= at
      longest = Math.max(longest, Math.round(at + everyMs - gapStart))
    }
  }
  return longest
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
  else if (request.op === 'session') startSession(request)
  else void endStream(request.id)
}

await Promise.all(
  listenAddresses!.split(',').flatMap((own) => [serveUdp(own), serveTcp(own), serveSessions(own)]),
)
report({ ready: true, port: Number(listenPort) })
createInterface({ input: process.stdin })
  .on('line', (line) => obey(JSON.parse(line) as Request))
  .on('close', () => process.exit(0))
