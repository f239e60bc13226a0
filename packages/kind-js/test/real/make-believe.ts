import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * A node image on which kind runs to its end in seconds: busybox, and scripts in the place of kubeadm, kubectl,
 * containerd, ctr and crictl. Its containers are real ones, and there is no Kubernetes in them.
 */
export const makeBelieveImage = 'kind-js-make-believe:1'

const scripts = fileURLToPath(new URL('make-believe', import.meta.url))

/** @param busybox a program that is linked statically. */
export function buildMakeBelieveImage(busybox: string): void {
  withDirectory((root) => {
    addBusybox(root, busybox)
    for (const directory of ['usr/local/bin', 'kind/manifests', 'tmp', 'etc', 'var/log'])
      mkdirSync(join(root, directory), { recursive: true })
    for (const name of readdirSync(scripts)) {
      copyFileSync(join(scripts, name), join(root, 'usr/local/bin', name))
      chmodSync(join(root, 'usr/local/bin', name), 0o755)
    }
    for (const name of ['systemctl', 'journalctl']) symlinkSync('nothing', join(root, 'usr/local/bin', name))
    const files = {
      version: 'v1.34.2\n',
      images: '',
      'manifests/default-cni.yaml': '#\n',
      'manifests/default-storage.yaml': '#\n',
    }
    for (const [name, content] of Object.entries(files)) writeFileSync(join(root, 'kind', name), content)
    importImage(
      root,
      makeBelieveImage,
      'ENTRYPOINT ["/usr/local/bin/entrypoint"]',
      'ENV PATH=/usr/local/bin:/bin',
    )
  })
}

/** An image that is told from others by its text. */
export function buildImage(name: string, text: string, busybox?: string): void {
  withDirectory((root) => {
    if (busybox) addBusybox(root, busybox)
    writeFileSync(join(root, 'text'), text)
    importImage(root, name, 'CMD ["/bin/sleep", "600"]')
  })
}

function addBusybox(root: string, busybox: string): void {
  mkdirSync(join(root, 'bin'))
  copyFileSync(busybox, join(root, 'bin/busybox'))
  const applets = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).split('\n').filter(Boolean)
  for (const applet of applets) if (applet !== 'busybox') symlinkSync('busybox', join(root, 'bin', applet))
}

function importImage(root: string, name: string, ...changes: string[]): void {
  const archive = execFileSync('tar', ['-C', root, '-c', '.'], { maxBuffer: 1 << 26 })
  execFileSync('docker', ['import', ...changes.flatMap((change) => ['-c', change]), '-', name], {
    input: archive,
    stdio: ['pipe', 'ignore', 'inherit'],
  })
}

function withDirectory(use: (root: string) => void): void {
  const root = mkdtempSync(join(tmpdir(), 'kind-js-image-'))
  try {
    use(root)
  } finally {
    rmSync(root, { recursive: true })
  }
}
