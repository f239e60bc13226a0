import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { canHaveOwnMachines, onItsOwnMachine } from './own-machine.ts'
import { asItIs, sideBySide } from './side-by-side.ts'

const scratch = mkdtempSync(join(tmpdir(), 'wireproof-side-by-side-'))
after(() => rmSync(scratch, { recursive: true, force: true }))

const shell = (name: string, script: string) => ({ name, argv: ['/bin/sh', '-c', script] })

test('parts run as many at a time as there are places, and what each said is in one piece', async () => {
  // Each waits for what the other does.
  const meets = (own: string, other: string) =>
    `echo ${own} begins; touch ${join(scratch, own)}; until [ -e ${join(scratch, other)} ]; do sleep 0.05; done; echo ${own} ends`
  const shown: string[] = []
  const ended = await sideBySide(
    [shell('a', meets('a', 'b')), shell('b', meets('b', 'a')), shell('c', 'exit 3')],
    [asItIs, asItIs],
    (text) => shown.push(text),
  )
  assert.deepEqual(ended.map(({ name, passed }) => [name, passed]).sort(), [
    ['a', true],
    ['b', true],
    ['c', false],
  ])
  for (const name of ['a', 'b'])
    assert.ok(shown.some((text) => text.endsWith(`${name} begins\n${name} ends\n`)))
})

test('a command on a machine of its own sees its processes only, and they end with it', {
  skip: canHaveOwnMachines() ? false : 'only root may have namespaces of processes',
}, async () => {
  const pidOfChild = join(scratch, 'survivor')
  const shown: string[] = []
  const script = `ls -d /proc/${process.pid}; (sleep 1; touch ${pidOfChild}) & ls -d /proc/[0-9]* | wc -l; exit 7`
  const [ended] = await sideBySide([shell('alone', script)], [onItsOwnMachine], (text) => shown.push(text))
  assert.equal(ended?.passed, false)
  const processes = Number(/^\d+$/m.exec(shown.join(''))?.[0])
  assert.ok(processes > 0 && processes < 10, shown.join(''))
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  assert.equal(existsSync(pidOfChild), false)
})
