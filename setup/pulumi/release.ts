/** What is installed where the user has no CLI of their own, and from where. The pins stand together: change them in one commit. */

/** The CLI's version, and that of the npm package @pulumi/pulumi: the two are released and tested together. */
export const version = '3.259.0'

/** The oldest CLI found on PATH that is used as it is. */
export const oldestUsable = version

/** The programs that must stand in one directory. */
export const programs = ['pulumi', 'pulumi-language-nodejs', 'pulumi-resource-pulumi-nodejs'] as const

export const releases = 'https://get.pulumi.com/releases/sdk'

export const checksumsName = `pulumi-${version}-checksums.txt`

export function archiveName(architecture: string = process.arch): string {
  return `pulumi-v${version}-linux-${architecture}.tar.gz`
}

/** A program that is built from its Go module, by way of a wrapper module here that pins every dependency by hash. */
export interface GoProgram {
  readonly name: (typeof programs)[number]
  /** The folder of the wrapper module. */
  readonly wrapper: string
  readonly package: string
  /** What the program reports as its version. */
  readonly version: string
}

/**
 * The language host's own module has no tags, so it is pinned to a commit. Its version is older than the CLI's on
 * purpose: that commit's dependencies are all in Go's checksum database. The two have been run together.
 */
export const goPrograms: readonly GoProgram[] = [
  {
    name: 'pulumi',
    wrapper: 'cli',
    package: 'github.com/pulumi/pulumi/pkg/v3/cmd/pulumi',
    version: `v${version}`,
  },
  {
    name: 'pulumi-language-nodejs',
    wrapper: 'language-nodejs',
    package: 'github.com/pulumi/pulumi/sdk/nodejs/cmd/pulumi-language-nodejs/v3',
    version: 'v3.184.0',
  },
]

/** On two cores with empty Go caches; told to the user before it starts. */
export const expectedBuild = { minutes: 5, gigabytes: 4 }
