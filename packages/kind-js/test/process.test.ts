import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { CommandError } from '../src/error.ts'
import { command } from '../src/process/command.ts'
import { run } from '../src/process/run.ts'
import { StandIn } from './stand-in.ts'

const shell = (script: string) => ['sh', '-c', script] as const

describe('a command', () => {
  test('gives what it printed, line by line where that is wanted', async () => {
    const lines: string[] = []
    const onErrorLine = (line: string) => lines.push(line)
    const ended = await run(
      [...shell('echo out; printf "one\\ntwo\\n\\nthr" >&2; sleep 0.05; printf "ee €" >&2; exit 3')],
      {
        onErrorLine,
      },
    )
    assert.deepEqual(ended, {
      exitCode: 3,
      signal: undefined,
      stdout: 'out\n',
      lastLines: ['one', 'two', 'three €'],
    })
    assert.deepEqual(lines, ['one', 'two', '', 'three €'])
  })

  test('reads its input, or not', async () => {
    assert.equal((await run([...shell('cat')], { input: 'given' })).stdout, 'given')
    assert.equal((await run([...shell('exit 0')], { input: 'x'.repeat(1 << 20) })).exitCode, 0)
    assert.equal((await run([...shell('cat')])).stdout, '')
  })

  test('that fails says so, with what it printed to standard error and to nothing else', async () => {
    await assert.rejects(
      command('do this', [...shell('echo secret; echo why >&2; exit 7')]),
      (error: unknown) => {
        assert.ok(error instanceof CommandError)
        assert.deepEqual([error.exitCode, error.lastLines], [7, ['why']])
        assert.equal(error.message, 'cannot do this: sh ended with exit code 7\n  why')
        return true
      },
    )
  })

  test('that cannot be started says so', async () => {
    await assert.rejects(command('do this', ['/nonexistent/program']), (error: unknown) => {
      assert.ok(error instanceof CommandError)
      assert.match(error.message, /^cannot do this: \/nonexistent\/program cannot be started \(ENOENT\)/)
      return true
    })
  })

  test('that was killed says by what', async () => {
    await assert.rejects(command('do this', [...shell('kill -9 $$')]), /sh was ended by SIGKILL/)
  })
})

describe('an aborted command', () => {
  test('is killed where it does not listen, with what it started', async (t) => {
    const standIn = new StandIn(t, 'hang on')
    const abort = new AbortController()
    const running = run([standIn.kind.program, 'create', 'cluster'], {
      environment: standIn.environment,
      signal: abort.signal,
      grace: 200,
    })
    while (!standIn.hasProcesses()) await sleep(10)
    const begun = performance.now()
    abort.abort()
    await assert.rejects(running, { name: 'AbortError' })
    const took = performance.now() - begun
    assert.ok(took >= 190 && took < 5000, `${took}`)
    assert.equal(standIn.hasProcesses(), false)
  })

  test('is over when it has ended by itself', async () => {
    const abort = new AbortController()
    await run([...shell('exit 0')], { signal: abort.signal })
    abort.abort()
  })
})
