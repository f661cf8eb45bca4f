// Package simulator is a NetApp ONTAP array for laptops and tests: the REST API of its iSCSI services over TLS, with
// accounts, metrics and the errors of the reference, and a control address to look behind the scenes and to break
// things.
//
// It is written from the reference alone and shares no code with the operator's client, so that each checks the other.
//
//	array      the SVMs, services, sessions and accounts, and the rules between them
//	load       the I/O that metrics show
//	query      fields, filters and order, as all ONTAP collections have them
//	rest       the REST API: a request in, a response out
//	traffic    the journal, and what goes wrong between client and array
//	control    the control API
package simulator

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/control"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/rest"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/traffic"
)

// Options says what to simulate, and where.
type Options struct {
	Scenario Scenario
	// Listen and Control are addresses; port 0 takes a free one. Control must be on loopback.
	Listen, Control string
	// Now is the array's clock; nil means the real time.
	Now func() time.Time
	Log *slog.Logger
}

// Simulator is a running array.
type Simulator struct {
	// URL is the array's API, ControlURL the control API.
	URL, ControlURL string

	authority *authority
	gate      *gate
	control   *http.Server
	barriers  *traffic.Barriers
}

// Start starts an array. It runs until closed.
func Start(options Options) (*Simulator, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	array, err := options.Scenario.build(options.Now)
	if err != nil {
		return nil, fmt.Errorf("scenario: %w", err)
	}
	latency, err := options.Scenario.latency()
	if err != nil {
		return nil, fmt.Errorf("scenario: %w", err)
	}
	authority, err := newAuthority(options.Scenario.Certificate)
	if err != nil {
		return nil, err
	}
	front := &traffic.Front{
		API:      rest.New(array),
		Journal:  traffic.NewJournal(),
		Barriers: traffic.NewBarriers(),
		Faults:   &traffic.Faults{},
		Hooks:    &traffic.Hooks{},
		Latency:  latency,
		Log:      options.Log,
	}
	controlAPI := &control.API{Array: array, Front: front, Certificates: authority}
	gate := newGate(front, authority, options.Log)
	front.Faults.OnListener = gate.apply
	front.Hooks.Apply = controlAPI.Apply

	controlListener, err := listenOnLoopback(options.Control)
	if err != nil {
		return nil, err
	}
	if err := gate.open(options.Listen); err != nil {
		return nil, errors.Join(err, controlListener.Close())
	}
	s := &Simulator{
		URL:        "https://" + gate.address,
		ControlURL: "http://" + controlListener.Addr().String(),
		authority:  authority,
		gate:       gate,
		control:    &http.Server{Handler: controlAPI.Handler(), ReadHeaderTimeout: time.Minute},
		barriers:   front.Barriers,
	}
	go func() {
		if err := s.control.Serve(controlListener); !errors.Is(err, http.ErrServerClosed) {
			options.Log.Error("the control API stopped", "error", err)
		}
	}()
	return s, nil
}

// CA is the certificate authority that signed the API's certificate, in PEM.
func (s *Simulator) CA() []byte { return s.authority.CA() }

// Close stops the array. Requests that are held or under way are dropped.
func (s *Simulator) Close() error {
	err := errors.Join(s.gate.close(), s.control.Close())
	s.barriers.RemoveAll()
	return err
}

// listenOnLoopback listens where no other machine can reach: the control API asks for no password.
func listenOnLoopback(address string) (net.Listener, error) {
	resolved, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("control address: %w", err)
	}
	if !resolved.IP.IsLoopback() {
		return nil, fmt.Errorf("control address %s is not on loopback", address)
	}
	return net.Listen("tcp", resolved.String())
}
