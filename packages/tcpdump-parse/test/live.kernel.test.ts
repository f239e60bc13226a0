/** A real tcpdump on a real device. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { after, afterEach, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { CaptureError, capture, decode, LinkType, type Packet } from '../src/index.ts'
import { twoHosts } from './two-hosts.ts'

const hosts = twoHosts()
const { left, right } = hosts
after(() => hosts[Symbol.dispose]())

const options = { interface: 'wire', program: right.tcpdump }
const ping = (...words: string[]): Promise<string> => left.run('ping', '-i', '0.02', ...words)

function tcpdumps(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/comm`, 'utf8') === 'tcpdump\n'
      } catch {
        // It has ended since it was listed.
        return false
      }
    })
}

/** A process that was told to end takes a moment. */
async function untilNoTcpdump(): Promise<void> {
  const deadline = Date.now() + 5000
  while (tcpdumps().length > 0) {
    assert.ok(Date.now() < deadline, 'tcpdump still runs')
    await delay(10)
  }
}

afterEach(untilNoTcpdump)

describe('a live capture', () => {
  test('sees what is sent, and what the filter lets through only', async () => {
    const live = capture({ ...options, filter: 'icmp' })
    await live.listening
    assert.equal(tcpdumps().length, 1)
    const started = BigInt(Date.now()) * 1_000_000n
    await ping('-c', '2', '-6', '2001:db8::2')
    await ping('-c', '5', '192.0.2.2')
    const packets: Packet[] = []
    let counts: ReturnType<typeof live.stop> | undefined
    for await (const packet of live) {
      packets.push(packet)
      if (packets.length === 10) counts = live.stop()
    }
    const seen = packets.map(({ data, interface: { linkType } }) => {
      const { icmp, source } = decode(data, linkType)
      return `${source} ${icmp?.type} ${icmp?.sequence}`
    })
    const expected = [1, 2, 3, 4, 5].flatMap((n) => [`192.0.2.1 8 ${n}`, `192.0.2.2 0 ${n}`])
    assert.deepEqual(seen, expected)
    assert.deepEqual(await counts, { captured: 10, received: 10, droppedByKernel: 0, droppedByInterface: 0 })
    assert.ok(packets.every(({ data, length }) => data.length === length && length === 98))
    const times = packets.map(({ time }) => time)
    assert.ok(times[0]! >= started - 1_000_000_000n && times[9]! < started + 60_000_000_000n)
    assert.deepEqual(
      [...times].sort((a, b) => Number(a - b)),
      times,
    )
    // Microseconds would all end in three zeros.
    assert.ok(times.some((time) => time % 1000n !== 0n))
  })

  test('keeps as much of each packet as asked for, of the direction asked for', async () => {
    const live = capture({ ...options, filter: 'icmp', snapLength: 60, direction: 'in' })
    await live.listening
    await ping('-c', '3', '192.0.2.2')
    let count = 0
    for await (const { data, length } of live) {
      // The kernel's ring may have room for a little less.
      assert.ok(data.length > 50 && data.length <= 60 && length === 98)
      assert.equal(decode(data, LinkType.ethernet).icmp?.type, 8)
      if (++count === 3) void live.stop()
    }
    assert.equal(count, 3)
  })

  test('listens on all devices at once', async () => {
    const live = capture({ interface: 'any', filter: 'icmp', program: right.tcpdump })
    await live.listening
    await right.run('ping', '-c', '1', '127.0.0.1')
    await ping('-c', '1', '192.0.2.2')
    const sources = new Set<string | undefined>()
    for await (const {
      data,
      interface: { linkType },
    } of live) {
      assert.equal(linkType, LinkType.linuxSll2)
      sources.add(decode(data, linkType).source)
      if (sources.size === 3) break
    }
    assert.deepEqual(sources, new Set(['127.0.0.1', '192.0.2.1', '192.0.2.2']))
  })

  test('counts what was lost because nobody read it', async () => {
    const live = capture({
      ...options,
      filter: 'icmp',
      bufferKiB: 64,
      onProblem: ({ message }) => assert.fail(message),
    })
    await live.listening
    const sent = 1000
    const flood = await left.run('ping', '-f', '-c', `${sent}`, '-s', '1400', '192.0.2.2')
    assert.match(flood, new RegExp(`${sent} packets transmitted`))
    let seen = 0
    const reading = (async () => {
      for await (const _ of live) seen++
    })()
    const counts = await live.stop()
    await reading
    assert.equal(counts.captured, seen)
    assert.ok(counts.droppedByKernel > 0, JSON.stringify(counts))
    assert.ok(seen > 0 && seen < 2 * sent)
    assert.ok(
      counts.received >= seen + counts.droppedByKernel || counts.received >= 2 * sent,
      JSON.stringify(counts),
    )
  })

  test('ends when its reader has had enough, whatever still comes', async () => {
    const sending = ping('-c', '100', '192.0.2.2')
    for await (const _ of capture({ ...options, filter: 'icmp' })) break
    await untilNoTcpdump()
    const live = capture({ ...options, filter: 'icmp' })
    for await (const _ of live) {
      // From within the loop, so that nobody reads on.
      const { captured } = await live.stop()
      assert.ok(captured > 0)
      break
    }
    await untilNoTcpdump()
    await sending
  })

  test('ends when the signal aborts: while it waits, and before it listens', async () => {
    for (const wait of [50, 0]) {
      const abort = new AbortController()
      const live = capture({ ...options, filter: 'udp port 9', signal: abort.signal })
      if (wait > 0) await live.listening
      setTimeout(() => abort.abort(), wait)
      await assert.rejects(
        async () => {
          for await (const _ of live) assert.fail('nothing was sent')
        },
        { name: 'AbortError' },
      )
      await untilNoTcpdump()
    }
  })
})

describe('what cannot be captured is said in one typed error, in tcpdump’s words', () => {
  for (const [what, wrong, reason] of [
    ['an interface that is not there', { interface: 'none' }, /none: No such device exists/],
    ['a filter that is none', { filter: 'tcp prot 80' }, /syntax error/],
  ] as const)
    test(what, async () => {
      const live = capture({ ...options, ...wrong })
      const matches = (error: unknown) =>
        error instanceof CaptureError &&
        error.message.startsWith('tcpdump did not start: ') &&
        reason.test(error.message)
      await assert.rejects(async () => {
        for await (const _ of live);
      }, matches)
      await assert.rejects(live.listening, matches)
      await assert.rejects(live.stop(), matches)
    })
})
