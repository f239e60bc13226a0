/** Linux's capabilities by their numbers (linux/capability.h). */
const capabilities = (
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE ' +
  'NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN ' +
  'SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE ' +
  'MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'
)
  .split(' ')
  .map((name) => `CAP_${name}`)

/** What agents need and Docker before 23 does not know of: it cannot give them to whoever is to have all. */
const unknownToDocker = ['CAP_BPF', 'CAP_PERFMON']

/**
 * A runtime of Docker's that gives a privileged container exactly what this machine has to give: the capabilities that an old
 * Docker does not know as well, and none that the machine has not, for which runc would refuse it.
 *
 * @param bounding CapBnd of /proc/self/status: a number in hexadecimal digits.
 * @returns the program, to be called as runc is.
 */
export function runtimeProgram(bounding: string): string {
  const set = BigInt(`0x${bounding}`)
  const isThere = (name: string) => (set >> BigInt(capabilities.indexOf(name))) & 1n
  const missing = capabilities.filter((name) => !isThere(name))
  const more = unknownToDocker.filter(isThere)
  const edits = [
    ...missing.map((name) => `s/"${name}",?//g`),
    ...(missing.length > 0 ? ['s/,]/]/g'] : []),
    // Who may not raise limits cannot set those that Docker asks for.
    ...(missing.includes('CAP_SYS_RESOURCE') ? ['s/"rlimits":\\[[^]]*\\],?//'] : []),
    ...(more.length > 0
      ? [
          `/"CAP_BPF"/!s/"CAP_SYS_ADMIN"/"CAP_SYS_ADMIN",${more.map((name) => JSON.stringify(name)).join(',')}/g`,
        ]
      : []),
  ]
  return `#!/bin/bash
for word in "$@"; do
  case $previous in
  --bundle|-b) file=$word/config.json ;;
  --process|-p) file=$word ;;
  esac
  previous=$word
done
if [ -f "$file" ]; then
  sed -E -i ${edits.map((edit) => `-e '${edit}'`).join(' ')} "$file"
fi
exec runc "$@"
`
}
