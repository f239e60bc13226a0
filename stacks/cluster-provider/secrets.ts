/** How Pulumi marks a secret between a program, its engine and a provider. */
const mark = '4dabf18193072939515e22adb298388d'
const secretMark = '1b47061264138c4ac30d75fd1eb44270'

/** The value with every secret in it laid open, for whoever has to work with it. */
export function opened(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(opened)
  if (typeof value !== 'object' || value === null) return value
  const fields = value as Record<string, unknown>
  if (fields[mark] === secretMark) return opened(fields.value)
  return Object.fromEntries(Object.entries(fields).map(([key, each]) => [key, opened(each)]))
}

/** A state as Pulumi is given it, with what nobody may see marked so that it is encrypted wherever it is kept. */
export function closed<State extends object>(state: State, secrets: readonly string[]): State {
  const entries = Object.entries(state).map(([key, value]) => [
    key,
    secrets.includes(key) && value !== undefined ? { [mark]: secretMark, value } : value,
  ])
  return Object.fromEntries(entries) as State
}
