//go:build tools

package tools

import _ "github.com/cilium/cilium/hubble"
