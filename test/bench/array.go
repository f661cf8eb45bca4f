package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

// The login of a simulator whose scenario names no accounts.
const (
	arrayUser     = "admin"
	arrayPassword = "netapp123"
)

const servicesPath = "/api/protocols/san/iscsi/services"

// pageSize is how many services a poll asks for at a time.
const pageSize = 1000

// array is the simulator in this process.
type array struct {
	*testbed.Control
	name, url, ca string
	simulator     *simulator.Simulator
	// journaled is the last request that was read from the journal.
	journaled int
}

// startArray starts an array with SVMs, numbered from 1, that have no iSCSI service.
func (w *world) startArray(name string, svms int) (*array, error) {
	scenario := simulator.Scenario{Generate: simulator.Generate{SVMs: svms, Prefix: name + "-"}}
	scenario.Cluster.Name = name
	started, err := simulator.Start(simulator.Options{Scenario: scenario, Listen: "127.0.0.1:0", Control: "127.0.0.1:0"})
	if err != nil {
		return nil, err
	}
	a := &array{
		Control: &testbed.Control{URL: started.ControlURL},
		name:    name, url: started.URL, ca: string(started.CA()), simulator: started,
	}
	w.arrays = append(w.arrays, a)
	return a, nil
}

func (a *array) close() { _ = a.simulator.Close() }

// svm is the name of the SVM of that number.
func (a *array) svm(number int) string { return fmt.Sprintf("%s-%05d", a.name, number) }

// slow makes the array answer late.
func (a *array) slow(ctx context.Context, latency time.Duration) error {
	_, err := a.InjectFault(ctx, testbed.Fault{Delay: latency.String()})
	return err
}

// news returns the requests since it was called last.
func (a *array) news(ctx context.Context) ([]testbed.Request, error) {
	requests, err := a.Journal(ctx, a.journaled)
	if len(requests) > 0 {
		a.journaled = requests[len(requests)-1].Seq
	}
	return requests, err
}

// isPage reports whether a request is for a page of the collection of all services, and whether for the first.
func isPage(r testbed.Request) (page, first bool) {
	query, err := url.ParseQuery(r.Query)
	page = err == nil && r.Method == http.MethodGet && r.Path == servicesPath && !query.Has("svm.name") && !query.Has("svm.uuid")
	first = page
	for key := range query {
		first = first && !strings.HasPrefix(key, "start.")
	}
	return page, first
}

// tally is what an array was asked.
type tally struct{ polls, pages, reads, writes int }

func (t *tally) add(requests []testbed.Request) {
	for _, r := range requests {
		switch page, first := isPage(r); {
		case first:
			t.polls++
			t.pages++
		case page:
			t.pages++
		case r.Method == http.MethodGet:
			t.reads++
		default:
			t.writes++
		}
	}
}
