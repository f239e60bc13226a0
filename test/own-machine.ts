import { spawnSync } from 'node:child_process'

/**
 * How a command is run as if it had the machine to itself: it sees no process and no kept kernel but its own, so that
 * what it finds left over, it left. All that it started ends with it. Not for labs in this machine's own kernel, whose
 * network namespaces are everybody's.
 */
export function onItsOwnMachine(argv: readonly string[]): readonly string[] {
  // Not exec: the first process buries what has no parent any more, which a shell that waits does.
  const script =
    'XDG_RUNTIME_DIR=$(mktemp -d) && export XDG_RUNTIME_DIR || exit; "$@"; code=$?; rm -rf "$XDG_RUNTIME_DIR"; exit $code'
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child=KILL', '--mount-proc']
  const mortal = ['setpriv', '--pdeathsig', 'KILL']
  return [...mortal, 'unshare', ...namespaces, '--', '/bin/sh', '-c', script, 'sh', ...argv]
}

/** Whether this user may have it so: root may, where nobody has taken it from him. */
export function canHaveOwnMachines(): boolean {
  if (process.geteuid?.() !== 0) return false
  const [program = '', ...rest] = onItsOwnMachine(['true'])
  return spawnSync(program, rest, { stdio: 'ignore' }).status === 0
}
