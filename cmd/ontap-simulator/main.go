// Command ontap-simulator is a NetApp ONTAP array for laptops and tests. See docs/simulator.md.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := newCommand().ExecuteContext(ctx)
	stop()
	if err != nil {
		os.Exit(1)
	}
}

// version is stamped by the linker.
var version = "dev"

// flags are the program's.
type flags struct{ scenario, listen, control, caOut string }

func newCommand() *cobra.Command {
	var f flags
	command := &cobra.Command{
		Use:   "ontap-simulator",
		Short: "A NetApp ONTAP array for laptops and tests: the REST API of its iSCSI services",
		Long: `A NetApp ONTAP array for laptops and tests: the REST API of its iSCSI services, over TLS.

When it is ready it prints one line:

  ready api=https://127.0.0.1:PORT control=http://127.0.0.1:PORT

The control address serves a journal of requests, barriers, faults and changes behind the
clients' backs. It asks for no password, hence listens on loopback only.

A scenario says what the array is like when it comes up. This one shows everything:

` + indent(simulator.ExampleScenario),
		Example: `  ontap-simulator --ca-out ca.pem
  ontap-simulator --scenario array1.yaml --listen 127.0.0.1:8443 --control 127.0.0.1:8080 --ca-out ca.pem`,
		Args:         cobra.NoArgs,
		Version:      version,
		SilenceUsage: true,
		RunE: func(command *cobra.Command, _ []string) error {
			return run(command.Context(), f, command.OutOrStdout())
		},
	}
	command.Flags().StringVar(&f.scenario, "scenario", "", "YAML file that describes the array (default: two SVMs, one with a service)")
	command.Flags().StringVar(&f.listen, "listen", "127.0.0.1:0", "address of the array's API; port 0 takes a free one")
	command.Flags().StringVar(&f.control, "control", "127.0.0.1:0", "address of the control API, on loopback")
	command.Flags().StringVar(&f.caOut, "ca-out", "", "file to write the certificate authority to, in PEM")
	return command
}

func run(ctx context.Context, f flags, out io.Writer) error {
	text := []byte(simulator.DefaultScenario)
	if f.scenario != "" {
		var err error
		if text, err = os.ReadFile(f.scenario); err != nil {
			return err
		}
	}
	scenario, err := simulator.ParseScenario(text)
	if err != nil {
		return err
	}
	sim, err := simulator.Start(simulator.Options{
		Scenario: scenario,
		Listen:   f.listen,
		Control:  f.control,
		Log:      slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		return err
	}
	if f.caOut != "" {
		if err := os.WriteFile(f.caOut, sim.CA(), 0o644); err != nil { //nolint:gosec // a certificate is public
			return err
		}
	}
	if _, err := fmt.Fprintf(out, "ready api=%s control=%s\n", sim.URL, sim.ControlURL); err != nil {
		return err
	}
	<-ctx.Done()
	return sim.Close()
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  ") + "\n"
}
