/**
 * Debian packages that the project needs, by purpose and with the reason. What a purpose needs is found out by looking
 * for what the package brings: most machines have most of them.
 */

/** @typedef {{ name: string, provides: readonly string[], why: string }} DebianPackage */

const multiarch = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }[process.arch] ?? 'x86_64-linux-gnu'
const program = (name) =>
  ['/usr/bin', '/usr/sbin', '/bin', '/sbin', '/usr/local/bin'].map((at) => `${at}/${name}`)
const library = (name) => ['/usr/lib', '/lib'].map((at) => `${at}/${multiarch}/${name}`)

/** @type {Readonly<Record<string, readonly DebianPackage[]>>} */
export const packages = {
  run: [
    { name: 'iproute2', provides: program('ip'), why: 'looks at and enters the lab’s network namespaces' },
    { name: 'libbpf1', provides: library('libbpf.so.1'), why: 'loads the datapath into the kernel' },
    {
      name: 'tcpdump',
      provides: program('tcpdump'),
      why: 'captures the wire, from which the proof is taken',
    },
    { name: 'clang', provides: program('clang'), why: 'compiles the datapath' },
    { name: 'llvm', provides: program('llvm-strip'), why: 'strips the compiled datapath' },
    {
      name: 'libbpf-dev',
      provides: ['/usr/include/bpf/bpf_helpers.h'],
      why: 'headers the datapath is compiled with',
    },
    {
      name: 'linux-libc-dev',
      provides: ['/usr/include/linux/bpf.h'],
      why: 'headers the datapath is compiled with',
    },
    { name: 'make', provides: program('make'), why: 'builds the datapath' },
    { name: 'util-linux', provides: program('unshare'), why: 'confines a kernel that is booted' },
    { name: 'iputils-ping', provides: program('ping'), why: 'one of the demo’s traffic sources' },
  ],
  test: [
    {
      name: 'tshark',
      provides: program('tshark'),
      why: 'a second opinion on captures, in tests and benchmarks',
    },
    {
      name: 'libgnutls30',
      provides: library('libgnutls.so.30'),
      why: 'the fast way to open ESP, beside Node’s own',
    },
    {
      name: 'nftables',
      provides: program('nft'),
      why: 'translates services’ addresses as kube-proxy does, in a test',
    },
    { name: 'openssl', provides: program('openssl'), why: 'makes the certificates of a test of TLS' },
    { name: 'chromium', provides: program('chromium'), why: 'reads the report as a person would, in a test' },
  ],
  bench: [
    { name: 'gcc', provides: program('cc'), why: 'compiles the loop that one benchmark is measured against' },
    {
      name: 'libssl-dev',
      provides: ['/usr/include/openssl/evp.h'],
      why: 'headers that loop is compiled with',
    },
  ],
  qemu: [
    {
      name: 'qemu-system-x86',
      provides: program('qemu-system-x86_64'),
      why: 'runs Debian’s 6.1 and 6.12 kernels (--kernel qemu)',
    },
  ],
}

/** Which purposes a verb has. */
export const purposes = {
  demo: ['run'],
  run: ['run'],
  bench: ['run', 'test', 'bench'],
  fuzz: ['run', 'test'],
  test: /qemu/.test(process.env.WIREPROOF_TEST_KERNELS ?? '') ? ['run', 'test', 'qemu'] : ['run', 'test'],
  pulumi: ['run'],
  hubble: [],
  'test:kind': [],
  'test:kubernetes': [],
  'test:conformance': [],
}
