// Command manager is the ONTAP SAN Operator: it makes the iSCSI services of NetApp ONTAP arrays agree with the
// ISCSIService objects of a Kubernetes cluster.
package main

import (
	"fmt"
	"os"
	"runtime/debug"

	ctrl "sigs.k8s.io/controller-runtime"
)

// gcPercent is how much garbage is collected at the latest, in percent of what lives on, unless $GOGC says otherwise.
// Thousands of objects that are kept in mind are most of the memory: as much garbage again would double it.
const gcPercent = 30

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if err := newCommand().ExecuteContext(ctrl.SetupSignalHandler()); err != nil {
		fmt.Fprintln(os.Stderr, "manager:", err)
		os.Exit(1)
	}
}
