import { log } from '@pulumi/pulumi'

// Plain JavaScript, so that a Node that cannot read the TypeScript gets this far and says what is wrong.
const [major] = process.versions.node.split('.')
if (Number(major) < 24) {
  await log.error(
    `the node on PATH is ${process.version}, and this project's stacks need Node 24: ` +
      'run "npm run pulumi -- up", which brings its own, or put a newer node first on PATH',
  )
  // Tells Pulumi that the user knows what is wrong. To throw would do too, but takes the SDK 15 s and 3 GB on Node 20.
  process.exit(32)
}

const { program } = await import('./program.ts')
export default await program()
