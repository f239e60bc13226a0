import { readFileSync } from 'node:fs'
import { isSecret, type Output, output, runtime } from '@pulumi/pulumi'
import { opened } from '../cluster-provider/secrets.ts'
import type { Planned, RecordedInputs } from './policies.ts'

/** For tests: what a program declares and returns where nothing is real. */
export interface Plan {
  /** In the order in which they were asked for. */
  readonly planned: readonly Planned[]
  readonly outputs: Readonly<Record<string, unknown>>
  /** What everybody is shown. */
  readonly shown: string
}

export const plannedEnd = '2030-01-01T16:00:00.000Z'
export const plannedKey = '1+ rfc4106(gcm(aes)) 000102030405060708090a0b0c0d0e0f10111213 128\n'

const states: Readonly<Record<string, Record<string, unknown>>> = {
  'wireproof-cluster:index:Expiry': { at: plannedEnd },
  'wireproof-cluster:index:ClusterKey': { key: plannedKey, keyId: 1 },
  'wireproof-cluster:index:NodeReadiness': { nodes: [] },
  'wireproof-cluster:index:AgentRollout': { agents: [] },
}

export const recordedInputs = JSON.parse(
  readFileSync(new URL('recorded-inputs.json', import.meta.url), 'utf8'),
) as RecordedInputs

/**
 * Runs a program with mocks in place of Pulumi's engine and plugins.
 *
 * @param outputsOf what resources of a cloud become, by type; one is merged into the input of its name.
 */
export async function planOf(
  run: () => Promise<{ program: (get: (key: string) => string | undefined) => unknown }>,
  config: Readonly<Record<string, string>>,
  outputsOf: Readonly<Record<string, Record<string, unknown>>>,
): Promise<Plan> {
  const planned: Planned[] = []
  await runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        planned.push({ type, name, inputs: opened(inputs) as Planned['inputs'] })
        return { id: `${name}-id`, state: { ...inputs, ...states[type], ...outputsOf[type] } }
      },
      call: ({ inputs }) => inputs,
    },
    'wireproof',
    'demo',
  )
  const { program } = await run()
  const outputs = (await program((key) => config[key])) as Record<string, unknown>
  const shown = await Promise.all(Object.values(outputs).map(shownOf))
  await new Promise((resolve) => setTimeout(resolve, 500))
  return { planned, outputs, shown: JSON.stringify(shown) }
}

async function shownOf(value: unknown): Promise<unknown> {
  const whole: Output<unknown> = output(value)
  if (await isSecret(whole)) return 'secret'
  return new Promise((resolve) => whole.apply(resolve))
}
