/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One object, so that the programs share their maps. */
#include <stdbool.h>

#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include "from_overlay.c"
#include "from_pod.c"
#include "from_wire.c"
#include "to_peer.c"
#include "to_pod.c"
#include "to_wire.c"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
