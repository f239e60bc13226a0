import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { cloudPluginVersions } from '../../setup/pulumi/cloud-plugin.ts'
import { PulumiUser } from '../pulumi/project.ts'

/**
 * Previews of the stacks of clouds with the real Pulumi CLI and its real plugin for Kubernetes. The plugin of the cloud is a stand-in
 * that knows which inputs there are, and nothing else: no cloud is asked.
 */

const images = {
  agentImage: 'registry.test/wireproof-agent:0.1.0',
  workloadImage: 'registry.test/wireproof-workload:0.1.0',
}
const stacks = [
  { stack: 'eks', cloud: 'aws', config: images, costs: /about \$0\.20 an hour, \$0\.79 until it ends/ },
  {
    stack: 'gke',
    cloud: 'gcp',
    config: { ...images, project: 'my-project' },
    costs: /about \$0\.25 an hour, \$0\.99 until it ends/,
  },
] as const

for (const { stack, cloud, config, costs } of stacks)
  describe(`the stack ${stack}`, () => {
    const user = new PulumiUser({}, stack)
    after(() => user.remove())
    const preview = () => user.run('preview', '--non-interactive', '--config-file', user.configFile)

    test('is left alone where the cloud’s plugin cannot be had, and the sentence says how it can', async (t) => {
      await user.selectStack()
      await user.configure(config)
      const { code, output } = await preview()
      if (code === 0) return t.skip('the official plugin can be had here')
      assert.equal(code, 3, output)
      assert.match(output, new RegExp(`plugin install resource ${cloud} ${cloudPluginVersions[cloud]}`))
      return undefined
    })

    test('previews as a whole, and tells what it costs', async () => {
      standIn(user, cloud)
      const { code, output } = await preview()
      assert.equal(code, 0, output)
      assert.match(output, costs)
      assert.match(output, /\d\d to create/)
      for (const type of ['Expiry', 'NodeReadiness', 'DaemonSet', 'AgentRollout'])
        assert.ok(output.includes(type), type)
    })

    test('says what is wrong with its configuration, and asks for nothing', async () => {
      await user.configure({ ttl: '5m' })
      const { code, output } = await preview()
      assert.notEqual(code, 0)
      assert.match(output, /wireproof:ttl must be from 1h to 7d/)
    })
  })

/** Where Pulumi looks for the plugin. */
function standIn(user: PulumiUser, cloud: keyof typeof cloudPluginVersions): void {
  const version = cloudPluginVersions[cloud]
  const directory = join(user.home, `state/wireproof/pulumi/home/plugins/resource-${cloud}-v${version}`)
  const program = join(directory, `pulumi-resource-${cloud}`)
  const source = fileURLToPath(new URL('../pulumi/cloud-plugin-stand-in.ts', import.meta.url))
  mkdirSync(directory, { recursive: true })
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${source}' "$@"\n`)
  chmodSync(program, 0o755)
}
