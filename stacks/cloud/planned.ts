import { readFileSync } from 'node:fs'
import { isSecret, type Output, output } from '@pulumi/pulumi'
import { opened } from '../cluster-provider/secrets.ts'
import { everythingDeclared, mockPulumi } from '../mocks.ts'
import {
  endComesFirst,
  everythingSaysItsEnd,
  inputsAreKnown,
  nothingElseCosts,
  nothingFromOutside,
  onlyEspBetweenNodes,
  type Planned,
  type Policy,
  type RecordedInputs,
} from './policies.ts'

/** For tests: what a program declares and returns where nothing is real. */
export interface Plan {
  /** In the order in which they were asked for. */
  readonly planned: readonly Planned[]
  readonly outputs: Readonly<Record<string, unknown>>
  /** What everybody is shown. */
  readonly shown: string
}

export const plannedEnd = '2030-01-01T16:00:00.000Z'

export const recordedInputs = JSON.parse(
  readFileSync(new URL('recorded-inputs.json', import.meta.url), 'utf8'),
) as RecordedInputs

/** All that holds of what a stack in a cloud plans. @param end as its resources have it. */
export function everyPolicy(end: string): Policy[] {
  return [
    nothingFromOutside,
    onlyEspBetweenNodes,
    endComesFirst,
    everythingSaysItsEnd(recordedInputs, end),
    nothingElseCosts(recordedInputs),
    inputsAreKnown(recordedInputs),
  ]
}

/** The one of a type whose name has this part. */
export function oneOf({ planned }: Plan, type: string, part = ''): Planned {
  return planned.find((each) => each.type.endsWith(`:${type}`) && each.name.includes(part))!
}

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
  const declared = await mockPulumi('demo', {
    'wireproof-cluster:index:Expiry': { at: plannedEnd },
    ...outputsOf,
  })
  const { program } = await run()
  const outputs = (await program((key) => config[key])) as Record<string, unknown>
  const shown = await Promise.all(Object.values(outputs).map(shownOf))
  await everythingDeclared()
  const planned = declared.map((each) => ({ ...each, inputs: opened(each.inputs) as Planned['inputs'] }))
  return { planned, outputs, shown: JSON.stringify(shown) }
}

async function shownOf(value: unknown): Promise<unknown> {
  const whole: Output<unknown> = output(value)
  if (await isSecret(whole)) return 'secret'
  return new Promise((resolve) => whole.apply(resolve))
}
