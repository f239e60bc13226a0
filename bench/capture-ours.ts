/** Our side of bench/capture.ts as a process of its own: `node capture-ours.ts <file> [threads]`. */
import { tallyEsp } from 'tcpdump-parse'
import { SAS } from './capture-file.ts'

const [path, threads] = process.argv.slice(2)
if (!path) throw new Error('which capture?')
console.log(JSON.stringify(await tallyEsp(path, SAS, threads ? { threads: Number(threads) } : {})))
