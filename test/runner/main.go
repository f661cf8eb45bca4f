// Command runner runs the suites below a folder side by side, says meanwhile how far they are, and ends with what became of
// each. A suite that fails does not keep the others from running. If the runner is interrupted, so are they, and it ends
// when they have stopped what they had started.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// options are the flags.
type options struct {
	dir, ginkgo string
	atOnce      int
	processes   processes
	timeout     time.Duration
	verbose     bool
}

// processes are the suites that are run by several processes, each of which takes its share of the cases.
type processes struct {
	// order is that of the flag: these suites are the longest, and start first.
	order  []string
	number map[string]int
}

func (p *processes) String() string { return strings.Join(p.order, ",") }

// Set reads a list such as e2e=4,transcripts=3.
func (p *processes) Set(list string) error {
	p.order, p.number = nil, map[string]int{}
	for item := range strings.SplitSeq(list, ",") {
		name, text, _ := strings.Cut(item, "=")
		number, err := strconv.Atoi(text)
		if err != nil || number < 1 {
			return fmt.Errorf("%q is not a suite and the number of its processes, such as e2e=4", item)
		}
		p.order, p.number[name] = append(p.order, name), number
	}
	return nil
}

func main() {
	var o options
	flag.StringVar(&o.dir, "dir", "test", "folder below which the suites are")
	flag.StringVar(&o.ginkgo, "ginkgo", "bin/ginkgo", "path of the ginkgo program")
	flag.IntVar(&o.atOnce, "at-once", 3, "how many suites run at a time")
	flag.Var(&o.processes, "processes", "suites that several processes share, which start first, such as e2e=4,transcripts=3")
	flag.DurationVar(&o.timeout, "timeout", 40*time.Minute, "how long a suite may take")
	flag.BoolVar(&o.verbose, "v", false, "show each case")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "suites:", err)
		os.Exit(1) //nolint:gocritic // the process ends: nothing is left to be stopped
	}
}

func run(ctx context.Context, o options) error {
	suites, err := list(ctx, o)
	if err != nil {
		return err
	}
	began := time.Now()
	ended := make(chan struct{})
	var reporting sync.WaitGroup
	reporting.Go(func() { report(suites, began, ended) })
	runAll(ctx, o, suites)
	close(ended)
	reporting.Wait()

	var failed []string
	fmt.Printf("\nsuites: %s in all\n", elapsed(began))
	for _, s := range suites {
		fmt.Println("  " + s.String())
		if s.err != nil {
			failed = append(failed, s.name)
		}
	}
	switch {
	case ctx.Err() != nil:
		return errors.New("interrupted")
	case len(failed) > 0:
		return fmt.Errorf("failed: %s", strings.Join(failed, ", "))
	}
	return nil
}

// runAll runs the suites in their order, some at a time.
func runAll(ctx context.Context, o options, suites []*suite) {
	waiting := make(chan *suite)
	var workers sync.WaitGroup
	for range o.atOnce {
		workers.Go(func() {
			for s := range waiting {
				s.run(ctx, o)
			}
		})
	}
	for _, s := range suites {
		waiting <- s
	}
	close(waiting)
	workers.Wait()
}

// report says now and then how far the suites are.
func report(suites []*suite, began time.Time, ended <-chan struct{}) {
	tick := time.NewTicker(30 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return
		case <-tick.C:
			var running []string
			waiting := 0
			for _, s := range suites {
				switch progress, state := s.progress(); state {
				case runs:
					running = append(running, s.name+" "+progress)
				case waits:
					waiting++
				}
			}
			fmt.Printf("suites: after %s: %s; %d to begin\n", elapsed(began), strings.Join(running, "; "), waiting)
		}
	}
}

func elapsed(since time.Time) time.Duration { return time.Since(since).Round(time.Second) }
