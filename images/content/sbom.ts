import type { DebianPackage } from './libraries.ts'
import type { NeededPackage } from './npm-closure.ts'

/** A bill of materials in CycloneDX 1.6. It has no serial number and no time: the same image has the same bill. */
export function sbomOf(
  image: { readonly name: string; readonly version: string },
  npm: readonly NeededPackage[],
  debian: readonly DebianPackage[],
): object {
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: { type: 'container', name: image.name, version: image.version } },
    components: [...npm.map(npmComponent), ...debian.map(debianComponent)],
  }
}

function npmComponent({ name, locked }: NeededPackage): object {
  const version = locked.version ?? ''
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`
  const [algorithm, hash] = locked.integrity?.split('-', 2) ?? []
  return {
    'bom-ref': purl,
    type: 'library',
    name,
    version,
    purl,
    ...(locked.license && { licenses: [{ expression: locked.license }] }),
    ...(algorithm === 'sha512' &&
      hash && { hashes: [{ alg: 'SHA-512', content: Buffer.from(hash, 'base64').toString('hex') }] }),
  }
}

function debianComponent({ name, version, architecture }: DebianPackage): object {
  const purl = `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${architecture}`
  return { 'bom-ref': purl, type: 'library', name, version, purl }
}
