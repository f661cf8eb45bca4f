// Command bench measures what the operator costs and how fast it is, with the real programs: a Kubernetes control plane,
// the operator under its own identity, and simulators over TLS. It prints each figure beside its goal. What a machine
// makes of it is noise: figures that take time are held against others of the same run.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
)

// bench is the sizes to measure with, and the figures so far.
type bench struct {
	objects, crowd, arrays, arrivals int
	flood, newcomers                 int
	rounds, atWork                   int
	latency                          time.Duration
	// workers is --max-concurrent-reconciles; 0 leaves it to the operator.
	workers int

	began   time.Time
	figures []figure
}

func main() {
	b := &bench{began: time.Now()}
	parts := flag.String("parts", "rate,large,fleet,flood,due", "what to measure: rate, large, fleet, flood, due")
	flag.IntVar(&b.objects, "objects", 1000, "objects whose way from apply to Ready is timed")
	flag.IntVar(&b.crowd, "crowd", 5000, "objects where many are wanted")
	flag.IntVar(&b.arrays, "arrays", 50, "arrays that share them")
	flag.IntVar(&b.arrivals, "arrivals", 400, "new objects whose pick-up is timed")
	flag.IntVar(&b.flood, "flood", 2000, "objects that are created at once in one namespace")
	flag.IntVar(&b.newcomers, "newcomers", 100, "new objects in another namespace whose way from apply to Ready is timed then")
	flag.IntVar(&b.rounds, "rounds", 2, "how often bare loop and operator take turns")
	flag.IntVar(&b.atWork, "at-work", fleet.DefaultInFlight, "objects of one array that are worked on at a time, by bare loop and operator")
	flag.DurationVar(&b.latency, "latency", 20*time.Millisecond, "how long an array takes to answer where a rate is measured")
	flag.IntVar(&b.workers, "workers", 0, "the operator's --max-concurrent-reconciles; 0 is its default")
	flag.Parse()
	logf.SetLogger(logr.Discard())

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	// A second Ctrl-C does not wait for the first to finish.
	context.AfterFunc(ctx, stop)
	os.Exit(b.run(ctx, strings.Split(*parts, ",")))
}

// run returns the exit code: 1 if something went wrong, 2 if a goal was missed.
func (b *bench) run(ctx context.Context, parts []string) int {
	for _, name := range parts {
		part, ok := map[string]func(context.Context, *world) error{
			"rate": b.measureRate, "large": b.measureLarge, "fleet": b.measureFleet, "flood": b.measureFlood, "due": b.measureDue,
		}[name]
		if !ok {
			fmt.Fprintf(os.Stderr, "bench: -parts: %q is none of rate, large, fleet, flood, due\n", name)
			return 1
		}
		if err := b.inWorld(ctx, part); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			return 1
		}
	}
	fmt.Printf("\n%d cores, Go %s, %s; %s\n\n", runtime.NumCPU(), runtime.Version(), time.Since(b.began).Round(time.Second),
		strings.Join(os.Args, " "))
	return printTable(b.figures)
}

// inWorld measures a part in a world of its own.
func (b *bench) inWorld(ctx context.Context, part func(context.Context, *world) error) error {
	w, err := b.newWorld(ctx)
	if err != nil {
		return err
	}
	err = part(ctx, w)
	w.closeArrays()
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("%w\nThe logs are in %s", errors.Join(err, w.bed.Stop()), w.bed.Dir)
	}
	return errors.Join(err, w.bed.Close())
}

// progress says what is going on, and when.
func (b *bench) progress(format string, args ...any) {
	fmt.Printf("%6.1fs  %s\n", time.Since(b.began).Seconds(), fmt.Sprintf(format, args...))
}
