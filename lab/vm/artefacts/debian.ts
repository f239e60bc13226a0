import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Problem } from '../../problem.ts'
import { CommandError, command } from './command.ts'

export interface DebianPackage {
  readonly name: string
  readonly version: string
  /** The downloaded .deb, its checksum verified against the archive's signed index. */
  readonly file: string
}

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

/**
 * Downloads packages of a Debian suite without installing them and without a change to the machine: apt works in
 * `directory` with a source list of its own, and verifies the archive's signature and every checksum.
 *
 * @param suite such as `sid` or `bookworm-backports`.
 * @param names packages, each optionally a name with a version as apt writes them.
 */
export async function download(
  suite: string,
  names: readonly string[],
  directory: string,
  signal?: AbortSignal,
  options: {
    /** Stand the names for packages that only depend on a versioned one, which is what is fetched. */
    resolveMeta?: boolean
  } = {},
): Promise<DebianPackage[]> {
  const apt = await privateApt(suite, directory, signal)
  try {
    await apt('apt-get', ['update', '-o', 'APT::Update::Error-Mode=any'])
    await apt('apt-get', ['download', ...(options.resolveMeta ? await resolve(apt, names) : names)])
    return await downloaded(directory)
  } catch (error) {
    throw explain(error, suite)
  }
}

async function privateApt(suite: string, directory: string, signal?: AbortSignal) {
  const sources = join(directory, 'sources.list')
  const configuration = join(directory, 'apt.conf')
  await mkdir(join(directory, 'lists/partial'), { recursive: true })
  await mkdir(join(directory, 'archives/partial'), { recursive: true })
  await writeFile(sources, `deb [signed-by=${keyring}] ${await mirror(signal)} ${suite} main\n`)
  // The machine's own configuration stays in force (proxies), less what it would have done after an update.
  await writeFile(
    configuration,
    [
      '#clear APT::Update::Post-Invoke;',
      '#clear APT::Update::Post-Invoke-Success;',
      '#clear Acquire::IndexTargets::deb;',
      'Acquire::IndexTargets::deb::Packages::MetaKey "$(COMPONENT)/binary-$(ARCHITECTURE)/Packages";',
      'Acquire::IndexTargets::deb::Packages::ShortDescription "Packages";',
      'Acquire::IndexTargets::deb::Packages::Description "$(RELEASE)/$(COMPONENT) $(ARCHITECTURE) Packages";',
      `Dir::Etc::sourcelist "${sources}";`,
      'Dir::Etc::sourceparts "/dev/null";',
      `Dir::State::lists "${join(directory, 'lists')}";`,
      `Dir::Cache "${directory}";`,
      'Dir::Cache::pkgcache "";',
      'Dir::Cache::srcpkgcache "";',
      // A mirror that lags behind serves: what it has is still signed by Debian, and its age does not matter here.
      'Acquire::Check-Valid-Until "false";',
      'Acquire::Languages "none";',
      'Acquire::Retries "2";',
      'APT::Sandbox::User "root";',
      'APT::Get::List-Cleanup "false";',
      '',
    ].join('\n'),
  )
  return (program: 'apt-get' | 'apt-cache', args: readonly string[]) =>
    command(program, ['-q', '-c', configuration, ...args], {
      cwd: directory,
      ...(signal ? { signal } : {}),
      env: { ...process.env, LC_ALL: 'C' },
    })
}

type Apt = Awaited<ReturnType<typeof privateApt>>

/** `linux-image-amd64` names no kernel of its own: it depends on the newest one, whose name has the version in it. */
async function resolve(apt: Apt, names: readonly string[]): Promise<string[]> {
  const stanzas = await apt('apt-cache', ['show', '--no-all-versions', ...names])
  return [...stanzas.matchAll(/^Depends: ([^\s,]+)/gm)].map(([, name]) => name!)
}

/** What apt fetched into the directory, by what the packages say of themselves. */
async function downloaded(directory: string): Promise<DebianPackage[]> {
  const files = (await readdir(directory))
    .filter((name) => name.endsWith('.deb'))
    .map((name) => join(directory, name))
  return Promise.all(
    files.map(async (file) => {
      const [name, version] =
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is dpkg's own template.
        (await command('dpkg-deb', ['--showformat', '${Package} ${Version}', '--show', file])).split(' ')
      return { name: name!, version: version!, file }
    }),
  )
}

/** Where this machine takes Debian from. */
async function mirror(signal?: AbortSignal): Promise<string> {
  const release = /^VERSION_CODENAME=(.*)$/m.exec(await readFile('/etc/os-release', 'utf8'))?.[1]
  const targets = await command(
    'apt-get',
    ['indextargets', '--format', '$(REPO_URI) $(RELEASE) $(COMPONENT)'],
    signal ? { signal } : {},
  )
  for (const line of targets.split('\n')) {
    const [uri, suite, component] = line.split(' ')
    if (suite === release && component === 'main') return uri!
  }
  throw new Problem(
    'ENOMIRROR',
    3,
    'apt on this machine has no Debian archive to take a kernel from',
    'use Debian, or a machine whose own kernel has ESP: see `wireproof doctor`',
  )
}

function explain(error: unknown, suite: string): unknown {
  if (!(error instanceof CommandError)) return error
  const { output } = error
  const last = output
    .trim()
    .split('\n')
    .filter((line) => /^E:|^W:|not installed/.test(line))
    .slice(0, 2)
    .join(' ')
  if (error.exitCode === undefined) {
    return new Problem('ENOAPT', 3, `a kernel cannot be downloaded: ${output}`, 'this needs a Debian machine')
  }
  if (/NO_PUBKEY|not signed|KEYEXPIRED|BADSIG/.test(output)) {
    return new Problem(
      'EKEYRING',
      4,
      `Debian ${suite} is signed with a key that this machine does not know: ${last}`,
      'update the package debian-archive-keyring and try again',
    )
  }
  if (/No space left|ENOSPC/.test(output)) {
    return new Problem(
      'EDISKFULL',
      4,
      `no space for the download of a kernel: ${last}`,
      'free 400 MB and try again',
    )
  }
  return new Problem(
    'EREGISTRY',
    4,
    `Debian's archive does not answer for a kernel from ${suite}: ${last || error.message}`,
    'check the network and try again; what is already there is kept',
  )
}
