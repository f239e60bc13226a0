// The provider of Kubernetes resources. Upstream's own main embeds two files that its module leaves out, because they are
// made from two that are in it; the build lays those in their place (setup/pulumi/kubernetes-plugin.ts).
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

//go:embed schema.json
var schema []byte

//go:embed terraform-mapping.json
var terraformMapping []byte

func main() {
	provider.Serve("kubernetes", version.Version, schema, terraformMapping)
}
