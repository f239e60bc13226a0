/** The evidence bundle: written after a run, verified by anybody afterwards. */

export { file as bundleFile, secretFiles } from './format.ts'
export { loadRun } from './load-run.ts'
export { chosenSigningKey, signerFingerprint, signingKey, signingKeyFile } from './signing-key.ts'
export { attestBundle, type BundleOptions, bundleDirectory, keptKeys, writeBundle } from './write-bundle.ts'
