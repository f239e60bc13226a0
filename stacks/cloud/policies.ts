/** A resource as a program declares it. */
export interface Planned {
  readonly type: string
  readonly name: string
  readonly inputs: Readonly<Record<string, unknown>>
}

/** What must hold of every resource that a stack of a cloud plans: each returns what does not, a sentence each. */
export type Policy = (planned: readonly Planned[]) => string[]

/** What the packages of Pulumi's providers call the inputs of the resources that are used here, and of what is in them. */
export interface RecordedInputs {
  readonly from: Readonly<Record<string, string>>
  readonly types: Readonly<
    Record<
      string,
      {
        readonly inputs: string
        readonly required?: string
        readonly nested?: Readonly<Record<string, string>>
      }
    >
  >
}

const ofType = (planned: readonly Planned[], type: string) =>
  planned.filter((each) => each.type.endsWith(`:${type}`))
const isOfCloud = ({ type }: Planned) => /^(aws|gcp):/.test(type)

/** Nobody outside reaches a node: what may come in is said by who it comes from. */
export const nothingFromOutside: Policy = (planned) => [
  ...ofType(planned, 'SecurityGroup')
    .filter(({ inputs }) => inputs.ingress !== undefined)
    .map(({ name }) => `${name} has rules of its own, which nobody looks at`),
  ...ofType(planned, 'SecurityGroupIngressRule')
    .filter(({ inputs }) => inputs.referencedSecurityGroupId === undefined)
    .map(({ name }) => `${name} lets in whoever has an address`),
  ...ofType(planned, 'Firewall')
    .filter(({ inputs }) => inputs.sourceRanges !== undefined || inputs.sourceTags === undefined)
    .map(({ name }) => `${name} lets in whoever has an address`),
]

/** Between nodes only ESP passes, and ESP in UDP; and both do. */
export const onlyEspBetweenNodes: Policy = (planned) => {
  const rules = [
    ...ofType(planned, 'SecurityGroupIngressRule')
      .filter(({ inputs }) => inputs.securityGroupId === inputs.referencedSecurityGroupId)
      .map(({ inputs }) => `${inputs.ipProtocol === '50' ? 'esp' : inputs.ipProtocol}${ports(inputs)}`),
    ...ofType(planned, 'Firewall').flatMap(({ inputs }) =>
      (inputs.allows as { protocol: string; ports?: string[] }[]).map(
        (allowed) => `${allowed.protocol}${allowed.ports ? ` ${allowed.ports.join()}` : ''}`,
      ),
    ),
  ]
  const wanted = ['esp', 'udp 4500']
  return [
    ...rules.filter((rule) => !wanted.includes(rule)).map((rule) => `${rule} passes between nodes`),
    ...wanted.filter((rule) => !rules.includes(rule)).map((rule) => `${rule} does not pass between nodes`),
  ]
}

function ports({ fromPort, toPort }: Planned['inputs']): string {
  if (fromPort === undefined) return ''
  return fromPort === toPort ? ` ${fromPort}` : ` ${fromPort}-${toPort}`
}

/** Whatever can say when it ends says it. */
export function everythingSaysItsEnd(recorded: RecordedInputs, end: string): Policy {
  return (planned) =>
    planned.filter(isOfCloud).flatMap(({ type, name, inputs }) => {
      const known = recorded.types[type]?.inputs.split(' ') ?? []
      const property = ['tags', 'resourceLabels'].find((each) => known.includes(each))
      // Tags of a network are no labels.
      if (property === undefined) return []
      const values = Object.values((inputs[property] ?? {}) as Record<string, unknown>)
      return values.includes(end) ? [] : [`${name} (${type}) does not say when it ends`]
    })
}

/** Nothing is declared that costs by itself, but for the cluster and its nodes. */
export function nothingElseCosts(recorded: RecordedInputs): Policy {
  return (planned) =>
    planned
      .filter(isOfCloud)
      .filter(({ type }) => recorded.types[type] === undefined)
      .map(({ type, name }) => `${name} is a ${type}, of which nobody has said what it costs`)
}

/** Inputs are called as the plugins know them; of what is missing and what is unknown they would complain only when asked. */
export function inputsAreKnown(recorded: RecordedInputs): Policy {
  return (planned) =>
    planned.filter(isOfCloud).flatMap(({ type, name, inputs }) => {
      const record = recorded.types[type]
      if (!record) return []
      const required = record.required?.split(' ') ?? []
      return [
        ...required.filter((each) => inputs[each] === undefined).map((each) => `${name} lacks ${each}`),
        ...unknownIn(inputs, record.inputs, record.nested ?? {}, '').map(
          (each) => `${name} (${type}) has no input ${each}`,
        ),
      ]
    })
}

function unknownIn(
  value: Readonly<Record<string, unknown>>,
  names: string,
  nested: Readonly<Record<string, string>>,
  path: string,
): string[] {
  const known = names.split(' ')
  return Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .flatMap(([key, each]) => {
      if (!known.includes(key)) return [path + key]
      const within = nested[path + key]
      if (within === undefined) return []
      const objects = (Array.isArray(each) ? each : [each]) as Record<string, unknown>[]
      return objects.flatMap((object) => unknownIn(object, within, nested, `${path}${key}.`))
    })
}

/** The end comes before all that costs, in the order in which resources are asked for, and it deletes both cluster and nodes. */
export const endComesFirst: Policy = (planned) => {
  const at = (pattern: RegExp) => planned.findIndex(({ type }) => pattern.test(type))
  const ends = planned.filter(({ type }) => /:(Schedule|Job)$/.test(type))
  const text = JSON.stringify(ends.map(({ inputs }) => inputs.target ?? inputs.httpTarget))
  const isAws = planned.some(({ type }) => type.startsWith('aws:'))
  const deleted = isAws
    ? ['eks:deleteNodegroup', 'eks:deleteCluster']
    : ['"DELETE"', 'container.googleapis.com/v1/projects/']
  const last = planned.findLastIndex(({ type }) => /:(Schedule|Job)$/.test(type))
  return [
    ...(last > at(/:(eks|container)\/cluster:|^gcp:container\/cluster:/)
      ? ['the cluster is there before its end']
      : []),
    ...deleted.filter((each) => !text.includes(each)).map((each) => `no schedule does ${each}`),
  ]
}
