import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { TestContext } from 'node:test'
import { Kind } from '../src/index.ts'

/** What the stand-in for kind does when it is to make a cluster. */
export type Behaviour =
  | 'make'
  /** Fails at the control plane and removes what it made, as kind does. */
  | 'fail'
  /** Fails and removes nothing. */
  | 'fail and leave'
  /** Hangs with nodes half made, and a process of its own. */
  | 'hang'
  /** The same, and does not listen to SIGTERM. */
  | 'hang on'
  /** Hangs; and the daemon makes another node after all is over. */
  | 'hang and late'
  /** Hangs before it has begun. */
  | 'hang at once'

/** Programs called kind and docker, in a directory of their own with what they know and what was asked of them. */
export class StandIn {
  readonly directory: string
  readonly bin: string
  readonly environment: NodeJS.ProcessEnv
  readonly kind: Kind

  constructor(test: TestContext, behaviour: Behaviour = 'make') {
    this.directory = mkdtempSync(join(tmpdir(), 'kind-js-stand-in-'))
    test.after(() => rmSync(this.directory, { recursive: true, force: true }))
    this.bin = join(this.directory, 'bin')
    mkdirSync(this.bin)
    mkdirSync(join(this.directory, 'clusters'))
    mkdirSync(join(this.directory, 'images'))
    this.program('kind', kind)
    this.program('docker', docker)
    this.write('behaviour', behaviour)
    this.environment = {
      ...process.env,
      PATH: `${this.bin}${delimiter}${process.env.PATH}`,
      STAND_IN: this.directory,
      KIND_EXPERIMENTAL_PROVIDER: '',
    }
    this.kind = new Kind(join(this.bin, 'kind'), 'docker', this.environment)
  }

  program(name: string, body: string): void {
    writeFileSync(join(this.bin, name), body)
    chmodSync(join(this.bin, name), 0o755)
  }

  write(file: string, content: string): void {
    writeFileSync(join(this.directory, file), content)
  }

  read(file: string): string {
    const path = join(this.directory, file)
    return existsSync(path) ? readFileSync(path, 'utf8') : ''
  }

  /** The commands so far, a line each. */
  calls(): string[] {
    return this.read('calls').split('\n').filter(Boolean)
  }

  nodesOf(cluster: string): string[] {
    const path = join(this.directory, 'clusters', cluster)
    return existsSync(path) ? readdirSync(path) : []
  }

  /** Whether the process that a hanging kind started is still there. */
  hasProcesses(): boolean {
    return this.read('processes')
      .split('\n')
      .filter(Boolean)
      .some((id) => isAlive(Number(id)))
  }
}

function isAlive(id: number): boolean {
  try {
    // A process that is dead and not yet waited for counts as gone.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${id}/status`, 'utf8'))
  } catch {
    return false
  }
}

const kind = `#!/bin/sh
echo "kind $*" >> "$STAND_IN/calls"
verb="$1 $2"
name=kind; internal=
while [ $# -gt 0 ]; do
  case $1 in --name) name=$2; shift;; --internal) internal=yes;; esac
  shift
done
cluster="$STAND_IN/clusters/$name"
behaviour=$(cat "$STAND_IN/behaviour")
say() { echo "$*" >&2; }
nodes() { mkdir -p "$cluster"; touch "$cluster/$name-control-plane" "$cluster/$name-worker"; }
hang() {
  sleep 60 &
  echo $! >> "$STAND_IN/processes"
  touch "$STAND_IN/hanging"
  wait
  # Without another trap a shell ends here when it is told to.
  while :; do sleep 1; done
}
case $verb in
version*) echo 'kind v0.32.0 go1.26.8 linux/amd64' ;;
'get clusters')
  [ -n "$(ls "$STAND_IN/clusters")" ] || say 'No kind clusters found.'
  ls "$STAND_IN/clusters" ;;
'get nodes')
  if [ -n "$(ls "$cluster" 2>/dev/null)" ]; then ls "$cluster"; else say "No kind nodes found for cluster \\"$name\\"."; fi ;;
'get kubeconfig')
  [ -d "$cluster" ] || { say "ERROR: could not locate any control plane nodes for cluster named '$name'. Use the --name option to select a different cluster"; exit 1; }
  echo "server: https://\${internal:+$name-control-plane:6443}"
  ;;
'export logs') [ -d "$cluster" ] || { say "ERROR: unknown cluster \\"$name\\""; exit 1; } ;;
'delete cluster')
  say "Deleting cluster \\"$name\\" ..."
  [ ! -e "$STAND_IN/undeletable" ] || { say 'ERROR: failed to delete cluster: failed to delete nodes'; exit 1; }
  [ ! -d "$cluster" ] || { rm -r "$cluster"; say "Deleted nodes: [\\"$name-control-plane\\" \\"$name-worker\\"]"; }
  ;;
'load image-archive') [ ! -e "$STAND_IN/after-load" ] || cp "$STAND_IN/after-load"/* "$STAND_IN/images/" ;;
'create cluster')
  cat > "$STAND_IN/config"
  [ "$behaviour" != 'hang at once' ] || hang
  say "Creating cluster \\"$name\\" ..."
  say ' • Preparing nodes 📦 📦   ...'
  nodes
  case $behaviour in
  'hang on') trap '' TERM; hang ;;
  'hang and late')
    # As the daemon would do it: nobody's child.
    setsid sh -c "sleep 0.4; mkdir -p '$cluster'; touch '$cluster/$name-worker2'" > /dev/null 2>&1 &
    hang ;;
  hang*) hang ;;
  esac
  say ' ✓ Preparing nodes 📦 📦 '
  say ' • Starting control-plane 🕹️  ...'
  case $behaviour in
  fail*)
    say ' ✗ Starting control-plane 🕹️'
    [ "$behaviour" = 'fail and leave' ] || { rm -r "$cluster"; say "Deleted nodes: [\\"$name-control-plane\\" \\"$name-worker\\"]"; }
    say 'ERROR: failed to create cluster: failed to init node with kubeadm: command "docker exec" failed with error: exit status 1'
    say
    i=1; while [ $i -le 30 ]; do say "line $i of kubeadm"; i=$((i + 1)); done
    exit 1 ;;
  esac
  say ' ✓ Starting control-plane 🕹️'
  ;;
*) say "stand-in: $verb"; exit 1 ;;
esac
`

const docker = `#!/bin/sh
echo "docker $*" >> "$STAND_IN/calls"
case "$1 $2" in
'-v ') echo 'Docker version 28.2.2, build e6534b4' ;;
'inspect --type')
  shift 3
  printf '['
  separator=
  for node in "$@"; do
    role=worker; case $node in *control-plane*) role=control-plane;; *load-balancer) role=external-load-balancer;; esac
    printf '%s{"Name": "/%s", "Id": "id-of-%s", "State": {"Status": "%s"}, "Config": {"Image": "node:1", "Labels": {"io.x-k8s.kind.role": "%s"}}, "NetworkSettings": {"Networks": {"kind": {"IPAddress": "172.18.0.2", "GlobalIPv6Address": "fc00::2"}}}}' "$separator" "$node" "$node" "$(cat "$STAND_IN/state-of-$node" 2>/dev/null || echo running)" $role
    separator=,
  done
  printf ']' ;;
'image inspect')
  [ -e "$STAND_IN/local/$3.json" ] || { echo '[]'; echo "Error response from daemon: No such image: $3:latest" >&2; exit 1; }
  cat "$STAND_IN/local/$3.json" ;;
stop*) shift 3; for node in "$@"; do echo exited > "$STAND_IN/state-of-$node"; done ;;
start*) shift; for node in "$@"; do echo running > "$STAND_IN/state-of-$node"; done ;;
'save -o') cp "$STAND_IN/local/$4.tar" "$3" ;;
exec*)
  case "$*" in
  *'ctr version'*)
    [ ! -e "$STAND_IN/slow" ] || { [ -e "$STAND_IN/never" ] || rm "$STAND_IN/slow"; echo 'cannot dial containerd' >&2; exit 1; } ;;
  *crictl*) cat "$STAND_IN/images/$2" ;;
  *'get nodes'*) cat "$STAND_IN/kubectl" ;;
  *) [ ! -e "$STAND_IN/no-tag" ] ;;
  esac ;;
*) exit 1 ;;
esac
`
