/** What kind itself says of configurations, against what this library says of them. Needs no daemon: docker is a stand-in. */
import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, describe, test } from 'node:test'
import { stringify } from 'yaml'
import { badConfigs, goodConfigs } from '../../src/config/sample-configs.ts'
import { formatConfig, obtainKind } from '../../src/index.ts'
import { run } from '../../src/process/run.ts'

const bin = mkdtempSync(join(tmpdir(), 'kind-js-docker-'))
after(() => rmSync(bin, { recursive: true }))
// Has the node image, and cannot make a network: kind comes as far as beginning, and no further.
writeFileSync(
  join(bin, 'docker'),
  `#!/bin/sh
case "$1" in
info) echo '{"CgroupDriver": "systemd", "CgroupVersion": "2", "MemoryLimit": true, "PidsLimit": true, "CPUShares": true}' ;;
ps | inspect) ;;
*) exit 1 ;;
esac
`,
)
chmodSync(join(bin, 'docker'), 0o755)
const program = await obtainKind({ onNotice: (notice) => process.stderr.write(`${notice}\n`) })

/** Whether kind begins to make such a cluster. */
async function kindTakes(yaml: string): Promise<boolean> {
  const { exitCode, lastLines } = await run([program, 'create', 'cluster', '--config', '-'], {
    environment: {
      ...process.env,
      PATH: `${bin}${delimiter}${process.env.PATH}`,
      KIND_EXPERIMENTAL_PROVIDER: 'docker',
    },
    input: yaml,
  })
  assert.equal(exitCode, 1)
  return lastLines.some((line) => line.startsWith('Creating cluster "'))
}

describe('kind takes what is right to us', { concurrency: 4 }, () => {
  for (const [what, config] of Object.entries(goodConfigs))
    test(what, async () => assert.equal(await kindTakes(formatConfig(config)), true))
})

describe('what is wrong to us, kind refuses, but for what is known', { concurrency: 4 }, () => {
  for (const { config, says, kindTakesIt = false } of badConfigs)
    test(says.split('\n', 1)[0]!, async () => {
      const isObject = typeof config === 'object' && !Array.isArray(config)
      const yaml = isObject ? formatConfig(config as object) : stringify(config)
      assert.equal(await kindTakes(yaml), kindTakesIt)
    })
})
