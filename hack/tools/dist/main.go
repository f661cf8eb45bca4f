// Command dist writes what is in dist/, install.yaml and the Helm chart, from config/, and what a release has beside it.
//
//	dist generate REPOSITORY                 writes dist/install.yaml and the generated part of dist/chart
//	dist sbom NAME VERSION BINARY            prints a CycloneDX bill of materials of a Go program
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("usage: dist generate REPOSITORY | sbom NAME VERSION BINARY")

func run(args []string, out io.Writer) error {
	switch {
	case len(args) == 2 && args[0] == "generate":
		return generate(args[1])
	case len(args) == 4 && args[0] == "sbom":
		return printBillOfMaterials(args[1], args[2], args[3], out)
	}
	return errUsage
}
