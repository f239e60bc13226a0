/**
 * How long it takes to authenticate and decrypt 200,000 ESP packets that are in memory: both engines of tcpdump-parse
 * against a loop in C over libcrypto's EVP, compiled here. Packets are located before the clock starts, for all alike.
 *
 *     node bench/decrypt.ts [rounds]
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decode, type EspEngine, fastEngine, nodeEngine, readBatches } from 'tcpdump-parse'
import { benchmarkCapture, PACKETS, SAS } from './capture-file.ts'
import { requirePrograms } from './requirements.ts'
import { reportAgainst, takeTurns } from './timing.ts'

/** Every packet from its SPI to its ICV, one after the other, and where each begins. */
interface Located {
  readonly bytes: Buffer
  readonly starts: Int32Array
  readonly associations: Uint8Array
}

async function locate(path: string, memory: (size: number) => Buffer): Promise<Located> {
  const bytes = memory(statSync(path).size)
  const starts = new Int32Array(PACKETS + 1)
  const associations = new Uint8Array(PACKETS)
  let [number, at] = [0, 0]
  for await (const batch of readBatches(path, { reuse: true }))
    for (const { data, interface: from } of batch) {
      const esp = decode(data, from.linkType).esp!
      associations[number] = SAS.findIndex(({ spi }) => spi === esp.spi)
      starts[number++] = at
      at += esp.data.copy(bytes, at)
    }
  starts[number] = at
  return { bytes, starts, associations }
}

/** @returns seconds. */
function open(engine: EspEngine, { bytes, starts, associations }: Located): number {
  const ciphers = SAS.map((sa) => engine.cipher(sa))
  let good = 0
  const start = performance.now()
  for (let number = 0; number < PACKETS; number++)
    if (ciphers[associations[number]!]!.open(bytes, starts[number]!, starts[number + 1]!, -1) >= 0) good++
  const seconds = (performance.now() - start) / 1000
  if (good !== PACKETS) throw new Error(`${engine.name} found ${good} authentic packets of ${PACKETS}`)
  return seconds
}

/** Writes the packets as the loop in C reads them: for each its SA, its length and its bytes. */
function forC({ bytes, starts, associations }: Located): Buffer {
  const parts: Buffer[] = [Buffer.from(SAS.map(({ key }) => key.toString('hex')).join(''), 'hex')]
  for (let number = 0; number < PACKETS; number++) {
    const packet = bytes.subarray(starts[number], starts[number + 1])
    const head = Buffer.alloc(8)
    head.writeUInt32LE(associations[number]!, 0)
    head.writeUInt32LE(packet.length, 4)
    parts.push(head, packet)
  }
  return Buffer.concat(parts)
}

requirePrograms(['cc'])
const fast = fastEngine()
if ('why' in fast) {
  process.stderr.write(
    `the fast engine is not to be had: ${fast.why}\n  It needs koffi and GnuTLS (libgnutls30).\n`,
  )
  process.exit(3)
}
const { engine } = fast
const located = await locate(
  await benchmarkCapture(),
  (size) => engine.borrow?.(size) ?? Buffer.allocUnsafeSlow(size),
)
const directory = mkdtempSync(join(tmpdir(), 'wireproof-bench-'))
try {
  const program = join(directory, 'evp')
  const source = fileURLToPath(new URL('./decrypt-peer.c', import.meta.url))
  execFileSync('cc', ['-O2', '-o', program, source, '-lcrypto'], { stdio: 'inherit' })
  const packets = join(directory, 'packets')
  writeFileSync(packets, forC(located))
  const peer = 'C loop over EVP'
  const rounds = Number(process.argv[2] ?? 9)
  const times = await takeTurns(rounds, {
    [engine.name]: () => open(engine, located),
    'node:crypto': () => open(nodeEngine, located),
    [peer]: () => {
      const [good, seconds] = execFileSync(program, [packets], { encoding: 'utf8' })
        .trim()
        .split(' ')
        .map(Number)
      if (good !== PACKETS) throw new Error(`the loop in C found ${good} authentic packets of ${PACKETS}`)
      return seconds!
    },
  })
  console.log(reportAgainst(peer, times, { packets: PACKETS }))
  console.log(
    `${rounds} rounds in turn, one thread each; each found all ${PACKETS.toLocaleString('en')} authentic.`,
  )
} finally {
  rmSync(directory, { recursive: true })
}
