import { runtime } from '@pulumi/pulumi'

/** For tests: what a program has declared, in the order in which it was asked for. */
export interface Declared {
  readonly type: string
  readonly name: string
  readonly inputs: Record<string, unknown>
}

export const mockedKey = '1+ rfc4106(gcm(aes)) 000102030405060708090a0b0c0d0e0f10111213 128\n'

/** What resources of ours become in every stack, by type. */
const ours: Readonly<Record<string, Record<string, unknown>>> = {
  'wireproof-cluster:index:ClusterKey': { key: mockedKey, keyId: 1 },
  'wireproof-cluster:index:NodeReadiness': { nodes: [] },
  'wireproof-cluster:index:AgentRollout': { agents: [] },
}

/**
 * Puts mocks in place of Pulumi's engine and plugins.
 *
 * @param states what other resources become, by type, beside their inputs.
 * @returns what is declared from now on.
 */
export async function mockPulumi(
  stack: string,
  states: Readonly<Record<string, Record<string, unknown>>> = {},
): Promise<Declared[]> {
  const declared: Declared[] = []
  await runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        declared.push({ type, name, inputs })
        return { id: `${name}-id`, state: { ...inputs, ...ours[type], ...states[type] } }
      },
      call: ({ inputs }) => inputs,
    },
    'wireproof',
    stack,
  )
  return declared
}

/** Resources are declared when what they depend on is known, which takes a moment even here. */
export const everythingDeclared = () => new Promise((resolve) => setTimeout(resolve, 500))
