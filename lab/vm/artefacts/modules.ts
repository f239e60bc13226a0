/** Dependencies of kernel modules by path, from the text of modules.dep. */
export function parseModulesDep(text: string): Map<string, string[]> {
  return new Map(
    text
      .split('\n')
      .filter((line) => line.includes(':'))
      .map((line) => {
        const [path, dependencies = ''] = line.split(':')
        return [path!, dependencies.split(' ').filter((word) => word !== '')]
      }),
  )
}

/** The modules of these names and all they depend on, each after what it depends on. What is built in is left out. */
export function loadOrder(
  dependencies: ReadonlyMap<string, readonly string[]>,
  names: readonly string[],
): string[] {
  const pathByName = new Map([...dependencies.keys()].map((path) => [moduleName(path), path]))
  const order: string[] = []
  const add = (path: string) => {
    if (order.includes(path)) return
    // modules.dep lists all dependencies of a module, the deepest last.
    for (const dependency of [...(dependencies.get(path) ?? [])].reverse()) add(dependency)
    order.push(path)
  }
  for (const name of names) {
    const path = pathByName.get(name)
    if (path) add(path)
  }
  return order
}

const moduleName = (path: string) =>
  path
    .slice(path.lastIndexOf('/') + 1)
    .replace(/\.ko(\.\w+)?$/, '')
    .replaceAll('-', '_')
