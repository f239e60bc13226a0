/** The version in what a program printed, such as `v3.259.0` or `go version go1.26.8 linux/amd64`. */
export function versionIn(text: string): string | undefined {
  return /\d+\.\d+(\.\d+)?/.exec(text)?.[0]
}

/** Compares release numbers part by part: 3.9.1 is older than 3.10. Anything after the numbers is left out of account. */
export function isAtLeast(version: string, minimum: string): boolean {
  const [have, want] = [version.split('.'), minimum.split('.')].map((parts) => parts.map(Number))
  for (let part = 0; part < want!.length; part++) {
    const difference = (have![part] ?? 0) - want![part]!
    if (difference !== 0) return difference > 0
  }
  return true
}
