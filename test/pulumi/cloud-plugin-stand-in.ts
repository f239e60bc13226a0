import { provider } from '@pulumi/pulumi'
import { recordedInputs } from '../../stacks/cloud/planned.ts'
import { inputsAreKnown } from '../../stacks/cloud/policies.ts'
import { opened } from '../../stacks/cluster-provider/secrets.ts'

/** A cloud that makes nothing: it refuses inputs that the real plugin would not know, and returns what it is given. */
const check = inputsAreKnown(recordedInputs)
const typeOf = (urn: string) => urn.split('::')[2]!.split('$').at(-1)!
const isKnownLater = (inputs: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(inputs).filter(([name]) => !name.startsWith('__') && name !== 'id'))

class StandIn implements provider.Provider {
  readonly version = '0.0.0'

  async check(urn: string, _olds: unknown, news: Record<string, unknown>): Promise<provider.CheckResult> {
    const inputs = isKnownLater(opened(news) as Record<string, unknown>)
    const failures = check([{ type: typeOf(urn), name: urn.split('::').at(-1)!, inputs }])
    return { inputs: news, failures: failures.map((reason) => ({ property: 'inputs', reason })) }
  }

  async diff(_id: string, _urn: string, olds: unknown, news: unknown): Promise<provider.DiffResult> {
    return { changes: JSON.stringify(opened(olds)) !== JSON.stringify(opened(news)) }
  }

  async create(urn: string, inputs: unknown): Promise<provider.CreateResult> {
    return { id: urn.split('::').at(-1)!, outs: inputs }
  }
}

await provider.main(new StandIn(), process.argv.slice(2))
