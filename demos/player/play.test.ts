import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CastRecorder } from './cast.ts'
import { StepFailure } from './demo.ts'
import { play } from './play.ts'
import { options, paper, scriptedKeys, steppedClock, story } from './rehearsal.ts'
import { colour, plain } from './style.ts'

test('each step is a line with its duration, and the outcome is handed back', async () => {
  const surface = paper()
  const clock = steppedClock()
  const played = await play(
    story(async (stage) => {
      await stage.say('Once upon a time.', { heading: 'Beginning', notes: 'for the speaker' })
      const three = await stage.do('Count the nodes', async (task) => {
        clock.pass(1234)
        task.detail('3 nodes')
        return 3
      })
      await stage.show(({ style }) => [style.strong('a picture')])
      return three
    }),
    {},
    options({ surface, clock }),
  )
  assert.ok(played.status === 'finished')
  assert.equal(played.outcome, 3)
  assert.deepEqual(surface.text().split('\n'), [
    '',
    '  A story',
    '',
    '  Beginning',
    '  Once upon a time.',
    `  ✓ Count the nodes  3 nodes${' '.repeat(45)}1.23 s`,
    '',
    '  a picture',
    '',
  ])
})

test('an expectation looks again until it holds', async () => {
  const surface = paper()
  let looks = 0
  const played = await play(
    story((stage) =>
      stage.expect('All agents are settled', {
        expected: 'three settled agents',
        within: 1000,
        look: () =>
          ++looks < 4
            ? { holds: false, seen: `${looks} settled` }
            : { holds: true, value: 'all', seen: 'n1, n2, n3' },
      }),
    ),
    {},
    options({ surface }),
  )
  assert.ok(played.status === 'finished')
  assert.equal(played.outcome, 'all')
  assert.match(surface.text(), /✓ All agents are settled {2}n1, n2, n3 +60 ms\n/)
})

test('a failed expectation says what was expected and what was seen last, and ends the demo', async () => {
  const surface = paper()
  let reached = false
  const played = await play(
    story(async (stage) => {
      await stage.expect('All agents are settled', {
        expected: 'three settled agents',
        within: 100,
        look: () => ({ holds: false, seen: 'n2: no buffer space' }),
      })
      reached = true
    }),
    {},
    options({ surface }),
  )
  assert.ok(played.status === 'failed')
  assert.ok(played.error instanceof StepFailure)
  assert.equal(played.toldOnStage, true)
  assert.equal(reached, false)
  assert.match(
    surface.text(),
    /✗ All agents are settled +0\.10 s\n {6}expected three settled agents\n {6}saw +n2: no buffer space\n/,
  )
})

test('a failed action says why and what to do', async () => {
  const surface = paper()
  await play(
    story((stage) =>
      stage.do('Start', () => {
        throw Object.assign(new Error('the port is taken'), { remedy: 'Take another.' })
      }),
    ),
    {},
    options({ surface }),
  )
  assert.match(
    surface.text(),
    /✗ Start +0 ms\n {6}because {2}the port is taken\n {6}remedy {3}Take another\.\n/,
  )
})

test('clean-ups run in reverse order after the end, a failure and an interruption', async () => {
  for (const ending of ['finished', 'failed', 'interrupted'] as const) {
    const undone: string[] = []
    const interrupt = new AbortController()
    const played = await play(
      story(async (stage) => {
        stage.afterwards('first', () => void undone.push('first'))
        stage.afterwards('second', async () => void undone.push('second'))
        await stage.do('Act', async () => {
          if (ending === 'failed') throw new Error('broken')
          if (ending === 'interrupted') interrupt.abort()
        })
      }),
      {},
      options({ signal: interrupt.signal }),
    )
    assert.equal(played.status, ending)
    assert.deepEqual(undone, ['second', 'first'])
    assert.deepEqual(played.leftBehind, [])
  }
})

test('an interruption is not kept waiting by an action that does not listen', async () => {
  const interrupt = new AbortController()
  const surface = paper()
  const playing = play(
    story(async (stage) => {
      await stage.do('Hang', () => {
        setImmediate(() => interrupt.abort())
        return new Promise<void>(() => {})
      })
    }),
    {},
    options({ surface, signal: interrupt.signal }),
  )
  assert.equal((await playing).status, 'interrupted')
  assert.match(surface.text(), /■ Stopped\.\n$/)
})

test('a clean-up that fails or hangs is reported and does not stop the others', async () => {
  const undone: string[] = []
  const played = await play(
    story(async (stage) => {
      stage.afterwards('Take the lab down', () => void undone.push('lab'))
      stage.afterwards('Resume the agent', () => new Promise<void>(() => {}))
      stage.afterwards('Stop the traffic', () => {
        throw new Error('no such process')
      })
    }),
    {},
    options({ cleanUpWithin: 10 }),
  )
  assert.deepEqual(
    played.leftBehind.map(({ message }) => message),
    ['Stop the traffic: no such process', 'Resume the agent: not done after 0.01 s'],
  )
  assert.deepEqual(undone, ['lab'])
})

test('a terminal shows the running step and takes the line back; a pipe never sees control characters', async () => {
  const progressing = story((stage) => stage.do('Send', (task) => task.progress('7 of 48')))
  const terminal = paper(80, { live: true, style: colour })
  await play(progressing, {}, options({ surface: terminal }))
  assert.match(terminal.text(), /Send · 7 of 48/)
  assert.ok(terminal.text().includes('\r\x1b[K'))
  const pipe = paper()
  await play(progressing, {}, options({ surface: pipe }))
  for (const unwanted of ['\x1b', '\r', '7 of 48']) assert.ok(!pipe.text().includes(unwanted))
})

test('a pipe hears of progress once a step takes long, and then now and then', async () => {
  const surface = paper()
  const clock = steppedClock()
  await play(
    story((stage) =>
      stage.do('Send', (task) => {
        clock.pass(2500)
        for (const done of [7, 8, 9]) {
          task.progress(`${done} of 48`)
          clock.pass(500)
        }
      }),
    ),
    {},
    options({ surface, clock }),
  )
  assert.match(surface.text(), / {2}… Send: 7 of 48\n {2}✓ Send +4\.00 s\n/)
})

test('no line is wider than a narrow terminal', async () => {
  const surface = paper(34)
  await play(
    story(async (stage) => {
      await stage.say('A sentence that is a good deal longer than the terminal is wide.', {
        heading: 'Chapter',
      })
      await stage.do('Read the security associations of every node', (task) =>
        task.detail('12 of them, all with keys'),
      )
      await stage.expect('Everything there is to see', {
        expected: 'something longer than what fits on one line',
        within: 0,
        look: () => ({ holds: false, seen: 'an-unbreakable-word-that-is-wider-than-the-terminal' }),
      })
    }),
    {},
    options({ surface }),
  )
  for (const line of surface.text().split('\n')) assert.ok([...line].length <= 34, line)
})

test('timings list the longest step first and account for all of the time', async () => {
  const clock = steppedClock()
  const played = await play(
    story(async (stage) => {
      await stage.do('Short', () => clock.pass(100))
      await stage.do('Long', (task) => task.measure('the slow part', () => clock.pass(2000)))
      clock.pass(400)
    }),
    {},
    options({ clock }),
  )
  const lines = played.timings.picture(played.milliseconds)({ width: 60, style: plain })
  assert.deepEqual(
    lines.map((line) => line.replace(/ {2,}/g, '  ')),
    [
      'Where the time went',
      'Long  2.00 s  80 %',
      '  the slow part  2.00 s  80 %',
      'Short  0.10 s  4 %',
      'between steps  0.40 s  16 %',
      'in all  2.50 s  100 %',
    ],
  )
})

test('the session is recorded in colour with its times and chapters, and without what was shown again', async () => {
  const clock = steppedClock()
  const cast = new CastRecorder({ title: 'A story', timestamp: 1_800_000_000, columns: 100, rows: 30 }, clock)
  await play(
    story(async (stage) => {
      await stage.say('Words.', { heading: 'Chapter', notes: 'secret' })
      await stage.do('Act', () => clock.pass(1500))
      await stage.show(() => ['a picture'])
    }),
    {},
    options({ clock, cast, keys: scriptedKeys(['next', 'back', 'next', 'next']) }),
  )
  const [header, ...events] = cast
    .text()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(header, {
    version: 2,
    width: 100,
    height: 30,
    timestamp: 1_800_000_000,
    title: 'A story',
    env: { TERM: 'xterm-256color' },
  })
  const output = events
    .filter(([, code]) => code === 'o')
    .map(([, , text]) => text)
    .join('')
  assert.ok(output.includes('\x1b[32m✓'))
  assert.equal(output.match(/Words\./g)?.length, 1)
  assert.equal(output.match(/a picture/g)?.length, 1)
  assert.doesNotMatch(output, /secret|[^\r]\n/)
  assert.deepEqual(
    events.filter(([, code]) => code === 'm'),
    [[0, 'm', 'Chapter']],
  )
  assert.equal(events.find(([, , text]) => text.includes('Act'))[0], 1.5)
})
