import assert from 'node:assert/strict'
import { test } from 'node:test'
import { characterDeviceType, cpioArchive, fileType } from './cpio.ts'

/** Reads an archive back: name, mode, data and device of every entry. */
function read(archive: Buffer) {
  const entries = []
  for (let at = 0; ; ) {
    assert.equal(archive.toString('latin1', at, at + 6), '070701')
    const field = (index: number) =>
      Number.parseInt(archive.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16)
    const name = archive.toString('latin1', at + 110, at + 110 + field(11) - 1)
    const data = at + Math.ceil((110 + field(11)) / 4) * 4
    if (name === 'TRAILER!!!') return entries
    entries.push({
      name,
      mode: field(1),
      device: [field(9), field(10)],
      data: archive.toString('latin1', data, data + field(6)),
    })
    at = data + Math.ceil(field(6) / 4) * 4
  }
}

test('files, devices and the directories they lie in can be read back', () => {
  const archive = cpioArchive([
    { path: 'init', mode: fileType | 0o755, data: Buffer.from('hello') },
    { path: 'a/b/c', mode: fileType | 0o644, data: Buffer.from('x') },
    { path: 'a/b/d', mode: characterDeviceType | 0o600, device: [5, 1] },
  ])
  assert.equal(archive.length % 4, 0)
  assert.deepEqual(
    read(archive).map(({ name, mode, data, device }) => [name, mode.toString(8), data, device]),
    [
      ['init', '100755', 'hello', [0, 0]],
      ['a', '40755', '', [0, 0]],
      ['a/b', '40755', '', [0, 0]],
      ['a/b/c', '100644', 'x', [0, 0]],
      ['a/b/d', '20600', '', [5, 1]],
    ],
  )
})
