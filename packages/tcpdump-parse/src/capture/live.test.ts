import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { pcap } from '../sample-captures.ts'
import { capture, tcpdumpCounts } from './live.ts'

const directory = mkdtempSync(join(tmpdir(), 'tcpdump-parse-'))
after(() => rmSync(directory, { recursive: true }))

/** A stand-in for tcpdump that writes down its arguments; the real one is tried in test/live.kernel.test.ts. */
function standIn(script: string): string {
  const program = join(directory, `tcpdump-${script.length}`)
  writeFileSync(join(directory, 'capture.pcap'), pcap(true, true, packets))
  writeFileSync(program, `#!/bin/sh\necho "$@" >'${directory}/arguments'\n${script}\n`)
  chmodSync(program, 0o755)
  return program
}

const packets = [1, 2, 3].map((seconds) => ({ seconds, fraction: 0, data: Buffer.from(`packet ${seconds}`) }))
const listens = `echo 'tcpdump: listening on eth0, link-type EN10MB' >&2; cat '${directory}/capture.pcap'`
const counts = `printf '3 packets captured\\n5 packets received by filter\\n1 packet dropped by kernel\\n' >&2`
const untilStopped = `trap "${counts.replaceAll('"', '\\"')}; exit 0" INT; ${listens}; while :; do sleep 0.05; done`

describe('a live capture', () => {
  test('gives packets as they come, and the counts when it is stopped', async () => {
    const live = capture({ interface: 'eth0', filter: 'esp', program: standIn(untilStopped) })
    await live.listening
    const seen: string[] = []
    let ended: ReturnType<typeof live.stop> | undefined
    for await (const { data } of live) {
      seen.push(data.toString())
      if (seen.length === 3) ended = live.stop()
    }
    assert.deepEqual(seen, ['packet 1', 'packet 2', 'packet 3'])
    assert.deepEqual(await ended, { captured: 3, received: 5, droppedByKernel: 1, droppedByInterface: 0 })
  })

  test('is stopped, and counts, also when nobody reads it', async () => {
    const live = capture({ interface: 'eth0', program: standIn(untilStopped) })
    assert.equal((await live.stop()).received, 5)
  })

  test('ends its tcpdump when the reader has had enough', async () => {
    const live = capture({ interface: 'eth0', program: standIn(untilStopped) })
    for await (const _ of live) break
    await live.stop()
  })

  test('is stopped from within the loop that reads it', async () => {
    const live = capture({ interface: 'eth0', program: standIn(untilStopped) })
    for await (const _ of live) {
      assert.equal((await live.stop()).captured, 3)
      break
    }
  })

  test('tells when fewer packets came than tcpdump says that it captured', async () => {
    const problems: string[] = []
    const program = standIn(`${untilStopped.replaceAll('3 packets captured', '4 packets captured')}`)
    const live = capture({ interface: 'eth0', program, onProblem: ({ message }) => problems.push(message) })
    let seen = 0
    for await (const _ of live) if (++seen === 3) void live.stop()
    assert.deepEqual(problems, [
      'tcpdump captured 4 packets and passed 3 on: it was stopped before they were read',
    ])
  })

  test('is given up when the signal aborts', async () => {
    const abort = new AbortController()
    const live = capture({ interface: 'eth0', program: standIn(untilStopped), signal: abort.signal })
    await assert.rejects(
      async () => {
        for await (const _ of live) abort.abort()
      },
      { name: 'AbortError' },
    )
  })

  test('is given up by then although it does not listen yet', async () => {
    const abort = new AbortController()
    const live = capture({ interface: 'eth0', program: standIn('exec sleep 60'), signal: abort.signal })
    abort.abort()
    await assert.rejects(live.listening, { name: 'AbortError' })
    await assert.rejects(
      async () => {
        for await (const _ of live);
      },
      { name: 'AbortError' },
    )
  })

  test('says why tcpdump did not start, in its words', async () => {
    const said = 'tcpdump: eth9: You may not capture on that device\\n(socket: Operation not permitted)\\n'
    const refused = standIn(`printf '${said}' >&2; exit 1`)
    const live = capture({ interface: 'eth9', program: refused })
    await assert.rejects(live.listening, {
      message:
        'tcpdump did not start: tcpdump: eth9: You may not capture on that device (socket: Operation not permitted)',
    })
    await assert.rejects(async () => {
      for await (const _ of live);
    }, /You may not/)
    await assert.rejects(live.stop(), /You may not/)
    const absent = capture({ interface: 'eth0', program: join(directory, 'absent') })
    await assert.rejects(absent.listening, { code: 'ECAPTURE', message: /absent is not installed/ })
  })
})

test('counts that were never said are missed', () => {
  assert.throws(() => tcpdumpCounts('tcpdump: listening on eth0'), /ended without its counts/)
})
