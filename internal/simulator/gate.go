package simulator

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/traffic"
)

// gate is the address of the array's API. It can be shut, so that connections are refused, and opened again on the
// same port.
type gate struct {
	authority *authority
	server    *http.Server
	log       *slog.Logger

	mu       sync.Mutex
	address  string
	listener net.Listener // nil while shut
	conns    map[net.Conn]bool
}

func newGate(handler http.Handler, authority *authority, log *slog.Logger) *gate {
	g := &gate{authority: authority, log: log, conns: map[net.Conn]bool{}}
	g.server = &http.Server{
		Handler:           handler,
		ConnState:         g.track,
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		// HTTP/1.1 only, as arrays speak it: a fault that hits one request must not hit those beside it.
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
	}
	return g
}

func (g *gate) open(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.address, g.listener = listener.Addr().String(), listener
	go func() {
		err := g.server.Serve(tls.NewListener(listener, g.authority.tlsConfig()))
		if !errors.Is(err, net.ErrClosed) && !errors.Is(err, http.ErrServerClosed) {
			g.log.Error("the API stopped", "error", err)
		}
	}()
	return nil
}

// apply makes a listener fault hold, or none. Connections that are open are dropped: who connects again sees it.
func (g *gate) apply(fault traffic.ListenerFault) error {
	changed := g.authority.show(fault)
	g.mu.Lock()
	shut, address := g.listener == nil, g.address
	if fault == traffic.Refused && !shut {
		_ = g.listener.Close()
		g.listener = nil
		changed = true
	}
	if changed {
		for conn := range g.conns {
			_ = conn.Close()
		}
	}
	g.mu.Unlock()
	if shut && fault != traffic.Refused {
		return g.open(address)
	}
	return nil
}

func (g *gate) track(conn net.Conn, state http.ConnState) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch state {
	case http.StateNew:
		g.conns[conn] = true
	case http.StateClosed, http.StateHijacked:
		delete(g.conns, conn)
	}
}

func (g *gate) close() error { return g.server.Close() }
