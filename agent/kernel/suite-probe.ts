import { NetlinkError, type Xfrm, type XfrmStateOptions } from '@wireproof/netlink'
import { algorithmsOf, keyBytes, type Suite } from '../keys/suite.ts'
import { AgentProblem } from '../problem.ts'
import { whileModulesLoad } from './patience.ts'

const probe = {
  source: '127.0.0.1',
  destination: '127.0.0.1',
  spi: 0x0fff_fff0,
  reqid: 0x5750_0000,
  mode: 'tunnel',
  replayWindow: 1024,
  esn: true,
} as const

/** By the kernel that was asked, what it has been seen to take: it does not unlearn it. */
const taken = new WeakMap<Xfrm, Set<Suite>>()
/** Likewise, what its modules have had the time for: whoever asks again is answered at once. */
const waitedFor = new WeakMap<Xfrm, Set<Suite>>()

/**
 * Makes sure that this kernel can encrypt with a suite, by installing an association that nothing uses and taking it away
 * again. Asked once.
 *
 * @param wait takes milliseconds; blocks the thread when absent.
 * @throws AgentProblem ENOESP that names what the kernel lacks.
 */
export function requireSuite(xfrm: Xfrm, suite: Suite, wait?: (milliseconds: number) => void): void {
  if (taken.get(xfrm)?.has(suite)) return
  const state: XfrmStateOptions = { ...probe, ...algorithmsOf(suite, Buffer.alloc(keyBytes(suite))) }
  const ask = () => install(xfrm, state)
  try {
    if (waitedFor.get(xfrm)?.has(suite)) ask()
    else whileModulesLoad(ask, wait)
  } catch (error) {
    throw obstacle(error, suite)
  } finally {
    remember(waitedFor, xfrm, suite)
  }
  xfrm.deleteStates([state])
  remember(taken, xfrm, suite)
}

function install(xfrm: Xfrm, state: XfrmStateOptions): void {
  try {
    xfrm.addStates([state])
  } catch (error) {
    // One of another suite may be left from a start that was interrupted.
    if ((error as { code?: string }).code !== 'EEXIST') throw error
    xfrm.deleteStates([state])
    xfrm.addStates([state])
  }
}

function remember(suitesOf: WeakMap<Xfrm, Set<Suite>>, xfrm: Xfrm, suite: Suite): void {
  suitesOf.set(xfrm, (suitesOf.get(xfrm) ?? new Set()).add(suite))
}

function obstacle(error: unknown, { name, cipher, authentication, kernelOptions }: Suite): unknown {
  const { code } = error as { code?: string }
  if (code === undefined) return error
  if (code === 'EPERM')
    return new AgentProblem(
      'EPERM',
      3,
      'this process may not configure IPsec',
      'Run the agent with CAP_NET_ADMIN.',
    )
  const reason = error instanceof NetlinkError && error.extended ? `${code}: ${error.extended}` : code
  // Of the kernel's answers this one alone says that there is no ESP, whatever the algorithm.
  if (code === 'EPROTONOSUPPORT')
    return new AgentProblem(
      'ENOESP',
      3,
      `this kernel cannot encrypt: it has no ESP (${reason})`,
      'Use a kernel with CONFIG_INET_ESP, or --kernel uml.',
    )
  const algorithms = [cipher, authentication].filter((each) => each !== undefined).join(' with ')
  return new AgentProblem(
    'ENOESP',
    3,
    `this kernel cannot encrypt with ${name}: it does not take ${algorithms} (${reason})`,
    `Use a kernel with ${kernelOptions.join(', ')} (built in, or modules that can be loaded), give the cluster a key for another suite, or use --kernel uml.`,
  )
}
