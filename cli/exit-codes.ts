/** Exit codes of every command; docs/exit-codes.md is the page for people. */
export const exitCode = {
  ok: 0,
  /** A leak, or a check that failed. */
  failed: 1,
  usage: 2,
  /** This machine cannot do it; `wireproof doctor` says what to do. */
  cannot: 3,
  /** The environment broke: a registry, a disk, a process that died. */
  environment: 4,
  inconclusive: 5,
} as const
