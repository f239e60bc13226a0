/** The release that is brought where there is none, and that this library is tested with. */
export const bundledVersion = '0.32.0'

/** The oldest that is used where it is found on PATH. Only {@link bundledVersion} is tested. */
export const oldestVersion = '0.24.0'

/** @param printed by `kind version`, such as `kind v0.32.0 go1.26.8 linux/amd64`. */
export function versionIn(printed: string): string | undefined {
  return /^kind (?:v|version )?(\d+\.\d+\.\d+)/m.exec(printed)?.[1]
}

/** Whether a version is at least another one. */
export function isAtLeast(version: string, least: string): boolean {
  const [mine, other] = [version, least].map((its) => its.split('.').map(Number)) as [number[], number[]]
  for (let i = 0; i < 3; i++) if (mine[i] !== other[i]) return (mine[i] ?? 0) > (other[i] ?? 0)
  return true
}
