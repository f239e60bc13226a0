import { provider } from '@pulumi/pulumi'
import { LabProvider } from './lab-provider.ts'
import { engineLog } from './progress.ts'
import { wireproofCommand } from './wireproof.ts'

const argv = process.argv.slice(2)
const [engineAddress] = argv.filter((argument) => !argument.startsWith('-'))

await provider.main(new LabProvider(wireproofCommand(), engineLog(engineAddress)), argv)
