// Package control is the simulator's own API: what a test or a person at a laptop needs to look behind the array's
// scenes, to change things behind its clients' backs, and to break things. It speaks plain JSON over HTTP on loopback.
package control

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/array"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/traffic"
)

// API is the control API.
type API struct {
	Array *array.Array
	Front *traffic.Front
	// Certificates describes the server's certificate and makes client certificates.
	Certificates Certificates
}

// Certificates is what the control API needs of the simulator's certificate authority.
type Certificates interface {
	// CA is the authority's certificate, Fingerprint the SHA-256 of the server's, in hexadecimal.
	CA() []byte
	Fingerprint() string
	// Client makes a certificate, and its key, for a common name.
	Client(commonName string) (certificate, key []byte, err error)
}

// problem is an error that is the caller's to solve.
type problem struct {
	status int
	error
}

func notFound(format string, args ...any) error {
	return problem{http.StatusNotFound, fmt.Errorf(format, args...)}
}

// handler answers with a value or an error. A nil value means 204.
type handler func(*http.Request) (any, error)

// Handler serves the control API.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, handle := range map[string]handler{
		"GET /journal":    a.journal,
		"DELETE /journal": a.clearJournal,

		"POST /barriers":        a.addBarrier,
		"GET /barriers/{id}":    a.barrier,
		"DELETE /barriers/{id}": a.removeBarrier,
		"DELETE /barriers":      a.removeBarriers,

		"POST /faults":        a.addFault,
		"GET /faults":         a.faults,
		"DELETE /faults":      a.removeFaults,
		"DELETE /faults/{id}": a.removeFault,

		"POST /hooks": a.addHook,

		"GET /svms":           a.svms,
		"POST /svms":          a.addSVM,
		"GET /svms/{name}":    a.svm,
		"PATCH /svms/{name}":  a.changeSVM,
		"DELETE /svms/{name}": a.removeSVM,

		"PUT /svms/{name}/service":    a.putService,
		"PATCH /svms/{name}/service":  a.changeService,
		"DELETE /svms/{name}/service": a.removeService,

		"POST /svms/{name}/sessions":   a.login,
		"DELETE /svms/{name}/sessions": a.logout,

		"GET /accounts/{name}":              a.account,
		"PUT /accounts/{name}":              a.putAccount,
		"PATCH /accounts/{name}":            a.changeAccount,
		"POST /accounts/{name}/certificate": a.clientCertificate,

		"GET /cluster":   a.cluster,
		"PATCH /cluster": a.changeCluster,
	} {
		mux.Handle(pattern, handle)
	}
	mux.Handle("/", handler(func(r *http.Request) (any, error) {
		return nil, notFound("the control API has no %s %s", r.Method, r.URL.Path)
	}))
	return mux
}

// ServeHTTP implements http.Handler.
func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	value, err := h(r)
	status := http.StatusOK
	switch {
	case err != nil:
		status = http.StatusBadRequest
		if p := (problem{}); errors.As(err, &p) {
			status = p.status
		}
		value = map[string]string{"error": err.Error()}
	case value == nil:
		w.WriteHeader(http.StatusNoContent)
		return
	case r.Method == http.MethodPost:
		status = http.StatusCreated
	}
	body, err := json.Marshal(value)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}

// Apply carries out a change that a hook ordered.
func (a *API) Apply(change traffic.Change) error {
	request := httptest.NewRequest(change.Method, change.Path, bytes.NewReader(change.Body))
	recorder := httptest.NewRecorder()
	a.Handler().ServeHTTP(recorder, request)
	if recorder.Code >= 400 {
		return fmt.Errorf("%s %s: %s", change.Method, change.Path, recorder.Body)
	}
	return nil
}

// read reads a request's body into a value. Unknown members are errors that name the member.
func read(r *http.Request, into any) error {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	switch err := decoder.Decode(into); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return fmt.Errorf("the body is invalid: %w", err)
	}
	return nil
}
