package testbed

import (
	"context"
	"strings"
)

// Demo is `make demo`, run as a child of this process.
type Demo struct {
	*Process

	// Exports are the lines that it asks to type into another terminal first.
	Exports string
}

// StartDemo starts the demo and returns when it has said what to try.
func (b *Bed) StartDemo(ctx context.Context) (*Demo, error) {
	program, err := b.product("demo")
	if err != nil {
		return nil, err
	}
	p, err := b.run("demo", program)
	if err != nil {
		return nil, err
	}
	d := &Demo{Process: p}
	// It starts a control plane, an array and an operator, one after the other.
	ctx, cancel := context.WithTimeout(ctx, 3*startTimeout)
	defer cancel()
	return d, p.await(ctx, func(context.Context) bool {
		log, _ := p.Logs()
		if !strings.Contains(log, "Ctrl-C ends everything.") {
			return false
		}
		for line := range strings.Lines(log) {
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "export ") {
				d.Exports += line + "\n"
			}
		}
		return true
	})
}
