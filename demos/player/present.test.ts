import assert from 'node:assert/strict'
import { test } from 'node:test'
import { play } from './play.ts'
import { options, paper, scriptedKeys, story } from './rehearsal.ts'

const threeSteps = story(async (stage) => {
  await stage.say('Opening words.', { heading: 'One', notes: 'smile' })
  await stage.do('Act', (task) => task.detail('done once'))
  await stage.show(() => ['a picture'])
  await stage.say('Closing words.', { heading: 'Two' })
})

test('on a stage a key is waited for between steps, and the notes are shown', async () => {
  const surface = paper()
  const keys = scriptedKeys([])
  await play(threeSteps, {}, options({ surface, keys }))
  assert.equal(keys.asked, 3)
  assert.match(surface.text(), /│ smile/)
})

test('notes are not shown at full speed', async () => {
  const surface = paper()
  await play(threeSteps, {}, options({ surface }))
  assert.doesNotMatch(surface.text(), /smile/)
})

test('going back shows earlier steps again and does nothing again', async () => {
  const surface = paper()
  const keys = scriptedKeys(['next', 'back', 'back', 'next', 'next', 'next'])
  let acted = 0
  const played = await play(
    story(async (stage) => {
      await stage.say('Opening words.')
      await stage.do('Act', () => void acted++)
      await stage.show(() => ['a picture'])
    }),
    {},
    options({ surface, keys }),
  )
  assert.equal(played.status, 'finished')
  assert.equal(acted, 1)
  const lines = surface
    .text()
    .split('\n')
    .map((line) => line.replace(/ +\d+ ms/, '').trim())
  assert.deepEqual(
    lines.filter((line) => line !== ''),
    [
      'A story',
      'Opening words.',
      '✓ Act',
      '◂ again: step 1 of 2',
      'Opening words.',
      '◂ again: step 2 of 2',
      '✓ Act',
      'a picture',
    ],
  )
})

test('skip runs on to the next chapter without waiting', async () => {
  const keys = scriptedKeys(['skip'])
  await play(threeSteps, {}, options({ keys }))
  assert.equal(keys.asked, 2, 'after the first step and before the next chapter')
})

test('quit ends the demo and cleans up', async () => {
  const surface = paper()
  let undone = false
  const played = await play(
    story(async (stage) => {
      stage.afterwards('undo', () => {
        undone = true
      })
      await stage.say('One.')
      await stage.say('Two.')
    }),
    {},
    options({ surface, keys: scriptedKeys(['quit']) }),
  )
  assert.equal(played.status, 'interrupted')
  assert.equal(undone, true)
  assert.match(surface.text(), /■ Stopped: quit by the presenter\.\n$/)
  assert.doesNotMatch(surface.text(), /Two\./)
})
