// Command manager is the ONTAP SAN Operator: it makes the iSCSI services of NetApp ONTAP arrays agree with the
// ISCSIService objects of a Kubernetes cluster.
package main

import (
	"fmt"
	"os"

	ctrl "sigs.k8s.io/controller-runtime"
)

func main() {
	if err := newCommand().ExecuteContext(ctrl.SetupSignalHandler()); err != nil {
		fmt.Fprintln(os.Stderr, "manager:", err)
		os.Exit(1)
	}
}
