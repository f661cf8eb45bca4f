package testbed

import (
	"context"
	"net/http"
)

// Operator is the operator, run as a child of this process. Start another one with the same kubeconfig after Kill or
// Stop to see it come back.
type Operator struct {
	*Process

	// MetricsURL is its metrics endpoint, which has a certificate that nobody vouches for.
	MetricsURL string
}

// StartOperator starts the operator with a kubeconfig and returns when it says that it is ready. Further flags come
// after the Bed's own, and win over them.
func (b *Bed) StartOperator(ctx context.Context, kubeconfig string, flags ...string) (*Operator, error) {
	program, err := b.product("manager")
	if err != nil {
		return nil, err
	}
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	port, metricsPort := ports[0], ports[1]
	p, err := b.run("operator", program, append([]string{
		"--kubeconfig", kubeconfig, "--operator-namespace", OperatorNamespace,
		"--metrics-bind-address", "127.0.0.1:" + metricsPort, "--health-probe-bind-address", "127.0.0.1:" + port, "--log-format", "json",
	}, flags...)...)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := p.await(ctx, answers(http.DefaultClient, "http://127.0.0.1:"+port+"/readyz")); err != nil {
		return nil, err
	}
	return &Operator{Process: p, MetricsURL: "https://127.0.0.1:" + metricsPort + "/metrics"}, nil
}
