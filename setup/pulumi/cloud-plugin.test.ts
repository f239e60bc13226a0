import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import test from 'node:test'
import { cloudPluginVersions, ensureCloudPlugin } from './cloud-plugin.ts'
import { placeOf } from './official-plugin.ts'
import { scratch } from './scratch.ts'

const nowhere = 'http://127.0.0.1:1/plugin.tar.gz'
const cli = { program: '/bin/false', directory: '/bin', version: '0', origin: 'path' } as const

function places(t: Parameters<typeof scratch>[0]) {
  const home = scratch(t)
  return { home, state: home, cache: home, config: home }
}

test('a plugin that is not there and cannot be had is told of with how to get it', async (t) => {
  const ensured = ensureCloudPlugin('gcp', cli, places(t), {}, { report: () => {}, from: nowhere })
  await assert.rejects(ensured, { code: 'ENOPLUGIN', exitCode: 3, remedy: /plugin install resource gcp/ })
})

test('one that is there is asked of nobody', async (t) => {
  const there = places(t)
  const program = placeOf({ name: 'aws', version: cloudPluginVersions.aws }, there.home)
  mkdirSync(dirname(program), { recursive: true })
  writeFileSync(program, '')
  await ensureCloudPlugin('aws', cli, there, {}, { report: () => {}, from: nowhere })
})
