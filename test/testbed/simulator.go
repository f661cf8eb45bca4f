package testbed

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// Simulator is a running simulator, with its control API beside it.
type Simulator struct {
	*Process
	*Control

	// URL is the endpoint of the ONTAP REST API.
	URL string
	// CA is the certificate authority, in PEM, that vouches for it.
	CA string
}

// simulatorReady is the line that the simulator prints once it serves.
var simulatorReady = regexp.MustCompile(`(?m)^ready api=(https://\S+) control=(http://\S+)$`)

// StartSimulator starts an array as the scenario, a YAML document, describes it, and returns when it serves. Further
// flags come after the Bed's own, and win over them.
func (b *Bed) StartSimulator(ctx context.Context, scenario string, flags ...string) (*Simulator, error) {
	program, err := b.product("ontap-simulator")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(b.Dir, "array-")
	if err != nil {
		return nil, err
	}
	scenarioFile, caFile := filepath.Join(dir, "scenario.yaml"), filepath.Join(dir, "ca.crt")
	if err := os.WriteFile(scenarioFile, []byte(scenario), 0o600); err != nil {
		return nil, err
	}
	p, err := b.run("simulator", program, append([]string{
		"--scenario", scenarioFile, "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--ca-out", caFile,
	}, flags...)...)
	if err != nil {
		return nil, err
	}

	s := &Simulator{Process: p}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	err = p.await(ctx, func(context.Context) bool {
		log, _ := p.Logs()
		ready := simulatorReady.FindStringSubmatch(log)
		if ready == nil {
			return false
		}
		s.URL, s.Control = ready[1], &Control{URL: ready[2]}
		return true
	})
	if err != nil {
		return nil, err
	}
	ca, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("the simulator is ready, but: %w", err)
	}
	s.CA = string(ca)
	return s, nil
}
