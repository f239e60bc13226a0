import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { complain } from '../../cli/complain.ts'
import { Problem } from '../../lab/problem.ts'
import { findGo } from '../pulumi/build.ts'
import { run } from '../pulumi/run.ts'
import { goModule, version, wrapper } from './release.ts'

/** `node setup/hubble/protos.ts`: takes the protocol files anew from the module that go/go.mod names. */

const files = ['flow/flow.proto', 'observer/observer.proto', 'relay/relay.proto']
const target = fileURLToPath(new URL('../../agent/hubble/proto', import.meta.url))

async function main(): Promise<void> {
  const go = await findGo('the protocol files come with a Go module', 'Leave them as they are')
  const { code, stdout, stderr } = await run(go, ['mod', 'download', '-json', goModule], {
    cwd: wrapper,
    env: { ...process.env, GOFLAGS: '', GOWORK: 'off' },
  })
  if (code !== 0) throw new Problem('EMODULE', 4, `${goModule} cannot be had: ${stderr.trim()}`)
  const module = JSON.parse(stdout) as { readonly Version: string; readonly Dir: string }
  if (module.Version !== `v${version}`)
    throw new Problem(
      'EMODULE',
      4,
      `setup/hubble/go/go.mod asks for ${module.Version}, setup/hubble/release.ts for v${version}`,
      'Make the two the same.',
    )
  for (const file of files) copyFileSync(join(module.Dir, 'api/v1', file), join(target, file))
}

try {
  await main()
} catch (error) {
  process.exitCode = complain(error)
}
