import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plain } from '../player/index.ts'
import { observe } from '../proof/index.ts'
import { provenRun } from '../proof/synthetic.ts'
import { coursePicture } from './course-picture.ts'

test('the course of a change is drawn with its moments, its gap and what was lost', () => {
  const picture = coursePicture(observe(provenRun({ changes: ['rotate'] })))!
  const lines = picture({ width: 84, style: plain })
  assert.match(lines[0]!, /^rotate: datagrams that arrived, over 0\.0 s; ↑ a moment of change/)
  assert.equal(lines[2]!.replaceAll(' ', ''), '↑↑')
  assert.match(lines[3]!, /last clear packet: none$/)
  assert.match(lines[4]!, /longest gap \d+(\.\d)? ms \([abc]1 to [abc]1\); 0 of 36 lost$/)
  assert.match(lines.at(-1)!, /6 of 36 lost$/)
  for (const line of lines) assert.ok(line.length <= 84, line)
})

test('where nothing changed there is nothing to draw', () => {
  assert.equal(coursePicture(observe(provenRun())), undefined)
})
