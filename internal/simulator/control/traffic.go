package control

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/traffic"
)

// journal serves GET /journal?after=SEQ&wait=DURATION.
func (a *API) journal(r *http.Request) (any, error) {
	after := 0
	if text := r.URL.Query().Get("after"); text != "" {
		var err error
		if after, err = strconv.Atoi(text); err != nil {
			return nil, fmt.Errorf("after=%q is not a sequence number", text)
		}
	}
	ctx, cancel, err := waiting(r)
	if err != nil {
		return nil, err
	}
	defer cancel()
	if ctx == nil {
		return a.Front.Journal.After(after), nil
	}
	return a.Front.Journal.Wait(ctx, after), nil
}

func (a *API) clearJournal(*http.Request) (any, error) {
	a.Front.Journal.Clear()
	return nil, nil
}

func (a *API) addBarrier(r *http.Request) (any, error) {
	var barrier traffic.Barrier
	if err := read(r, &barrier); err != nil {
		return nil, err
	}
	return a.Front.Barriers.Add(barrier)
}

// barrier serves GET /barriers/ID?wait=DURATION.
func (a *API) barrier(r *http.Request) (any, error) {
	id := r.PathValue("id")
	ctx, cancel, err := waiting(r)
	if err != nil {
		return nil, err
	}
	defer cancel()
	barrier, ok := a.Front.Barriers.Get(id)
	if ok && ctx != nil {
		barrier, ok = a.Front.Barriers.Wait(ctx, id)
	}
	switch {
	case !ok:
		return nil, notFound("no barrier has the id %q", id)
	case ctx != nil && barrier.Held == 0:
		return nil, problem{http.StatusConflict, fmt.Errorf("barrier %s holds nothing after %s", id, r.URL.Query().Get("wait"))}
	}
	return barrier, nil
}

func (a *API) removeBarrier(r *http.Request) (any, error) {
	if id := r.PathValue("id"); !a.Front.Barriers.Remove(id) {
		return nil, notFound("no barrier has the id %q", id)
	}
	return nil, nil
}

func (a *API) removeBarriers(*http.Request) (any, error) {
	a.Front.Barriers.RemoveAll()
	return nil, nil
}

func (a *API) addFault(r *http.Request) (any, error) {
	var fault traffic.Fault
	if err := read(r, &fault); err != nil {
		return nil, err
	}
	return a.Front.Faults.Add(fault)
}

func (a *API) faults(*http.Request) (any, error) { return a.Front.Faults.All(), nil }

func (a *API) removeFault(r *http.Request) (any, error) {
	id := r.PathValue("id")
	removed, err := a.Front.Faults.Remove(id)
	if err == nil && !removed {
		err = notFound("no fault has the id %q: it was removed, or has hit as often as it should", id)
	}
	return nil, err
}

func (a *API) removeFaults(*http.Request) (any, error) { return nil, a.Front.Faults.RemoveAll() }

func (a *API) addHook(r *http.Request) (any, error) {
	var hook traffic.Hook
	if err := read(r, &hook); err != nil {
		return nil, err
	}
	return a.Front.Hooks.Add(hook)
}

// waiting returns a context that ends after the request's wait parameter; nil if it has none.
func waiting(r *http.Request) (context.Context, context.CancelFunc, error) {
	text := r.URL.Query().Get("wait")
	if text == "" {
		return nil, func() {}, nil
	}
	wait, err := time.ParseDuration(text)
	if err != nil {
		return nil, nil, fmt.Errorf("wait=%q is not a duration such as 30s", text)
	}
	ctx, cancel := context.WithTimeout(r.Context(), wait)
	return ctx, cancel, nil
}
