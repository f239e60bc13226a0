/** What kind 0.32.0 printed to standard error, with Docker 20.10; nodes and image are called otherwise. For tests. */

/** `kind create cluster --wait 5s`, one control plane and one worker, into a pipe. */
export const made = [
  'cgroup v1 is deprecated in Kubernetes and will not be supported in a future kind release, please upgrade to cgroup v2',
  'Creating cluster "demo" ...',
  ' • Ensuring node image (node:1) 🖼  ...',
  ' ✓ Ensuring node image (node:1) 🖼',
  ' • Preparing nodes 📦 📦   ...',
  ' ✓ Preparing nodes 📦 📦 ',
  ' • Writing configuration 📜  ...',
  ' ✓ Writing configuration 📜',
  ' • Starting control-plane 🕹️  ...',
  ' ✓ Starting control-plane 🕹️',
  ' • Installing CNI 🔌  ...',
  ' ✓ Installing CNI 🔌',
  ' • Installing StorageClass 💾  ...',
  ' ✓ Installing StorageClass 💾',
  ' • Joining worker nodes 🚜  ...',
  ' ✓ Joining worker nodes 🚜',
  ' • Waiting ≤ 5s for control-plane = Ready ⏳  ...',
  ' ✓ Waiting ≤ 5s for control-plane = Ready ⏳',
  ' • Ready after 0s 💚',
  'Set kubectl context to "kind-demo"',
  'You can now use your cluster with:',
  '',
  'kubectl cluster-info --context kind-demo --kubeconfig kubeconfig',
  '',
  'Have a nice day! 👋',
].join('\n')

/** `kind create cluster` in a terminal; of each spinner, the first two frames. */
export const madeInTerminal = [
  'cgroup v1 is deprecated in Kubernetes and will not be supported in a future kind release, please upgrade to cgroup v2\r',
  'Creating cluster "demo" ...\r',
  '\r \u001b[32m✓\u001b[0m Ensuring node image (node:1) 🖼\r',
  '\u001b[?7l\r⠈⠁ Preparing nodes 📦  \u001b[?7h\u001b[?7l\r⠈⠑ Preparing nodes 📦  \u001b[?7h\r \u001b[32m✓\u001b[0m Preparing nodes 📦 \r',
  '\u001b[?7l\r⠈⠁ Writing configuration 📜 \u001b[?7h\u001b[?7l\r⠈⠑ Writing configuration 📜 \u001b[?7h\r \u001b[32m✓\u001b[0m Writing configuration 📜\r',
  '\u001b[?7l\r⠈⠁ Starting control-plane 🕹️ \u001b[?7h\u001b[?7l\r⠈⠑ Starting control-plane 🕹️ \u001b[?7h\r \u001b[32m✓\u001b[0m Starting control-plane 🕹️\r',
  '\u001b[?7l\r⠈⠁ Installing CNI 🔌 \u001b[?7h\u001b[?7l\r⠈⠑ Installing CNI 🔌 \u001b[?7h\r \u001b[32m✓\u001b[0m Installing CNI 🔌\r',
  '\u001b[?7l\r⠈⠁ Installing StorageClass 💾 \u001b[?7h\u001b[?7l\r⠈⠑ Installing StorageClass 💾 \u001b[?7h\r \u001b[32m✓\u001b[0m Installing StorageClass 💾\r',
  'Set kubectl context to "kind-demo"\r',
  'You can now use your cluster with:\r',
  '\r',
  'kubectl cluster-info --context kind-demo --kubeconfig kc2\r',
  '\r',
  'Have a question, bug, or feature request? Let us know! https://kind.sigs.k8s.io/#community 🙂\r',
].join('\n')

/** `kubeadm init` fails; kind removes what it made. */
export const failed = [
  'cgroup v1 is deprecated in Kubernetes and will not be supported in a future kind release, please upgrade to cgroup v2',
  'Creating cluster "demo" ...',
  ' • Ensuring node image (node:1) 🖼  ...',
  ' ✓ Ensuring node image (node:1) 🖼',
  ' • Preparing nodes 📦   ...',
  ' ✓ Preparing nodes 📦 ',
  ' • Writing configuration 📜  ...',
  ' ✓ Writing configuration 📜',
  ' • Starting control-plane 🕹️  ...',
  ' ✗ Starting control-plane 🕹️',
  'Deleted nodes: ["demo-control-plane"]',
  'ERROR: failed to create cluster: failed to init node with kubeadm: command "docker exec --privileged demo-control-plane kubeadm init --config=/kind/kubeadm.conf --skip-token-print --v=6" failed with error: exit status 1',
  '',
  'Command Output: error: make-believe kubeadm was told to fail',
].join('\n')

/** A port of the machine is in use. */
export const portInUse = [
  'cgroup v1 is deprecated in Kubernetes and will not be supported in a future kind release, please upgrade to cgroup v2',
  'Creating cluster "demo" ...',
  ' • Ensuring node image (node:1) 🖼  ...',
  ' ✓ Ensuring node image (node:1) 🖼',
  ' • Preparing nodes 📦   ...',
  ' ✗ Preparing nodes 📦 ',
  'Deleted nodes: ["demo-control-plane"]',
  'ERROR: failed to create cluster: command "docker run --name demo-control-plane --hostname demo-control-plane --label io.x-k8s.kind.role=control-plane --privileged --security-opt seccomp=unconfined --security-opt apparmor=unconfined --tmpfs /tmp --tmpfs /run --volume /var --volume /lib/modules:/lib/modules:ro -e KIND_EXPERIMENTAL_CONTAINERD_SNAPSHOTTER --detach --tty --label io.x-k8s.kind.cluster=demo --net kind --restart=on-failure:1 --init=false --cgroupns=private --publish=0.0.0.0:8099:80/TCP --publish=127.0.0.1:37451:6443/TCP -e KUBECONFIG=/etc/kubernetes/admin.conf node:1" failed with error: exit status 125',
  '',
  'Command Output: d08d5ab1d900c8823cab9641344c5c2766fbb30cd9a60edf920ef7b007e61aeb',
  'docker: Error response from daemon: driver failed programming external connectivity on endpoint demo-control-plane (c5c596a30e0638f667c77e03c9d18e6dd58f51c42b7b0ec502023c946d842de9): Bind for 0.0.0.0:8099 failed: port is already allocated',
  '',
  "Run 'docker run --help' for more information",
].join('\n')

/** There is a cluster of this name. */
export const exists = [
  'cgroup v1 is deprecated in Kubernetes and will not be supported in a future kind release, please upgrade to cgroup v2',
  'ERROR: failed to create cluster: node(s) already exist for a cluster with the name "demo"',
].join('\n')

/** No registry is in reach. */
export const imageMissing = [
  'cgroup v1 is deprecated in Kubernetes and will not be supported in a future kind release, please upgrade to cgroup v2',
  'Creating cluster "demo" ...',
  ' • Ensuring node image (nope/nope:1) 🖼  ...',
  ' ✗ Ensuring node image (nope/nope:1) 🖼',
  'ERROR: failed to create cluster: failed to pull image "nope/nope:1": command "docker pull nope/nope:1" failed with error: exit status 1',
  '',
  'Command Output: Error response from daemon: Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io on 10.255.255.53:53: dial udp 10.255.255.53:53: connect: network is unreachable',
].join('\n')

/** `kind delete cluster` */
export const deleted = ['Deleting cluster "demo" ...', 'Deleted nodes: ["demo-control-plane"]'].join('\n')

/** `kind delete cluster`, and there is none. */
export const deletedNothing = ['Deleting cluster "demo" ...'].join('\n')
