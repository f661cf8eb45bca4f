// Command demo runs the whole operator on one machine: a Kubernetes control plane, the simulator, and the
// operator between them. It applies config/samples, shows what came of it and stays until Ctrl-C. With --once it goes
// through the whole life of an iSCSI service instead, and checks each step against the array.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

//go:embed scenario.yaml
var scenario string

func main() {
	once := flag.Bool("once", false, "check the whole life of a service and exit")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	// A second Ctrl-C does not wait for the first to finish.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, *once))
}

// run returns the exit code.
func run(ctx context.Context, once bool) int {
	bed, err := testbed.New()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		return 1
	}
	d := &demo{bed: bed}
	if err = d.start(ctx); err == nil {
		if once {
			err = d.rehearse(ctx)
		} else {
			d.show(ctx)
			err = d.stay(ctx)
		}
	}

	interrupted := ctx.Err() != nil
	if err != nil && !interrupted {
		err = errors.Join(err, bed.Stop())
		fmt.Fprintf(os.Stderr, "\nFAILED: %v\n\nThe logs are in %s\n", err, bed.Dir)
		return 1
	}
	if err := bed.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		return 1
	}
	fmt.Println("\nEverything is stopped and gone.")
	if once && interrupted {
		return 1
	}
	return 0
}

// demo is the parts that run.
type demo struct {
	bed          *testbed.Bed
	controlPlane *testbed.ControlPlane
	array        *testbed.Simulator
	operator     *testbed.Operator
}

func (d *demo) start(ctx context.Context) error {
	fmt.Println("Starting, all on this machine:")
	return inOrder(ctx,
		step{"control plane", d.startControlPlane},
		step{"array", d.startArray},
		step{"operator", d.startOperator},
		step{"samples", d.applySamples},
	)
}

func (d *demo) startControlPlane(ctx context.Context) (string, error) {
	var err error
	if d.controlPlane, err = d.bed.StartControlPlane(ctx); err != nil {
		return "", err
	}
	if err := d.controlPlane.Install(ctx); err != nil {
		return "", err
	}
	version, err := d.controlPlane.Kubectl(ctx, "", "get", "--raw", "/version")
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("Kubernetes %s at %s, CRDs and RBAC installed", field(version, "gitVersion"), d.controlPlane.URL), nil
}

func (d *demo) startArray(ctx context.Context) (string, error) {
	var err error
	if d.array, err = d.bed.StartSimulator(ctx, scenario); err != nil {
		return "", err
	}
	return "simulator at " + d.array.URL, nil
}

func (d *demo) startOperator(ctx context.Context) (string, error) {
	user, err := d.controlPlane.AddOperator()
	if err != nil {
		return "", err
	}
	if d.operator, err = d.bed.StartOperator(ctx, user.Kubeconfig); err != nil {
		return "", err
	}
	return "log in " + d.operator.LogPath, nil
}

func (d *demo) applySamples(ctx context.Context) (string, error) {
	if err := d.controlPlane.ApplySamples(ctx, d.array); err != nil {
		return "", err
	}
	if err := d.ready(ctx, "--all"); err != nil {
		return "", err
	}
	return "config/samples applied, every ISCSIService Ready", nil
}

// show prints what there is, and what to try with it.
func (d *demo) show(ctx context.Context) {
	table, err := d.kubectl(ctx, "get", "iscsisvc")
	if err != nil {
		table = err.Error() + "\n"
	}
	fmt.Printf(`
$ kubectl -n %[1]s get iscsisvc
%[2]s
Try it, in another terminal:

  export KUBECONFIG=%[3]s
  export PATH=%[4]s:$PATH
  export ARRAY=%[5]s # the simulator's control API: what its administrators and hosts do

  kubectl -n %[1]s patch iscsisvc orders --type=merge -p '{"spec":{"alias":"orders-v2","enabled":false}}'
  kubectl -n %[1]s get iscsisvc -o wide
  kubectl -n %[1]s delete iscsisvc orders

Disable a service behind the operator's back, and see it put right within %[6]s:

  curl -X PATCH $ARRAY/svms/team-a-archive/service -d '{"enabled":false}'

Every request that the array got: curl $ARRAY/journal

Ctrl-C ends everything.
`, testbed.SamplesNamespace, table, d.controlPlane.Kubeconfig, filepath.Dir(d.controlPlane.KubectlPath), d.array.Control.URL,
		testbed.SamplesPollInterval)
}

// stay returns when the context ends, or with an error when a part does.
func (d *demo) stay(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-d.controlPlane.APIServer.Exited():
		return errors.New("kube-apiserver ended by itself")
	case <-d.array.Exited():
		return errors.New("the array ended by itself")
	case <-d.operator.Exited():
		return errors.New("the operator ended by itself")
	}
}
