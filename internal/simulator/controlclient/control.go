// Package controlclient calls the control API of the simulator, for unit tests and for the suites below test/. It shares
// nothing with the packages that serve that API.
package controlclient

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Control is the control API of the simulator: what a person at the array's console, a failing network or an observer of
// its traffic would do. No method of it shows in the journal.
type Control struct {
	// URL is where the control API listens.
	URL string
}

// Request is one request to the array as the journal has it, with its answer.
type Request struct {
	Seq      int        `json:"seq"`
	Received time.Time  `json:"received"`
	Answered *time.Time `json:"answered"` // nil while the answer is held, or if there never was one
	Method   string     `json:"method"`
	Path     string     `json:"path"`
	Query    string     `json:"query"`
	Body     string     `json:"body"`
	Status   int        `json:"status"`
	Account  string     `json:"account"`
	Client   string     `json:"client"` // what the client says it is
}

// String is the request on one line: method, path, and body if there is one.
func (r Request) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Method, r.Path, r.Body))
}

// Journal returns the requests after a sequence number, oldest first; after 0 are all.
func (c *Control) Journal(ctx context.Context, after int) ([]Request, error) {
	var requests []Request
	err := c.call(ctx, http.MethodGet, "/journal?after="+strconv.Itoa(after), nil, &requests)
	return requests, err
}

// ClearJournal forgets the requests so far.
func (c *Control) ClearJournal(ctx context.Context) error {
	return c.call(ctx, http.MethodDelete, "/journal", nil, nil)
}

// Stage is where a barrier holds a request: before or after its change is applied.
type Stage string

// The stages of a request.
const (
	Before Stage = "before"
	After  Stage = "after"
)

// Match says which requests a barrier or a fault is for. What is empty matches everything.
type Match struct {
	Method  string `json:"method,omitempty"`
	Path    string `json:"path,omitempty"`    // a prefix
	SVM     string `json:"svm,omitempty"`     // by name or UUID, wherever the request has it
	Query   string `json:"query,omitempty"`   // a part of the query
	Account string `json:"account,omitempty"` // the login
	// Count is how many requests it is for: 0 is one for a barrier, all for a fault.
	Count int `json:"count,omitempty"`
}

// Barrier holds requests until it is released.
type Barrier struct {
	control *Control
	id      string
}

// Hold puts up a barrier for requests that match.
func (c *Control) Hold(ctx context.Context, match Match, stage Stage) (*Barrier, error) {
	body := struct {
		Match
		Stage Stage `json:"stage"`
	}{match, stage}
	id, err := c.create(ctx, "/barriers", body)
	return &Barrier{c, id}, err
}

// Wait returns once the barrier holds a request.
func (b *Barrier) Wait(ctx context.Context, timeout time.Duration) error {
	return b.control.call(ctx, http.MethodGet, "/barriers/"+b.id+"?wait="+timeout.String(), nil, nil)
}

// Release lets the requests go on that the barrier holds, and removes it.
func (b *Barrier) Release(ctx context.Context) error {
	return b.control.call(ctx, http.MethodDelete, "/barriers/"+b.id, nil, nil)
}

// Fault makes the array answer wrongly, late or not at all. Durations are written as in "1500ms".
type Fault struct {
	Match

	Delay string `json:"delay,omitempty"` // before the request is carried out

	// An error in place of carrying out the request, or, with Applied, after it.
	Status     int    `json:"status,omitempty"`
	Code       string `json:"code,omitempty"`
	Message    string `json:"message,omitempty"`
	RetryAfter string `json:"retryAfter,omitempty"`
	Applied    bool   `json:"applied,omitempty"`

	Reset      Stage  `json:"reset,omitempty"`      // the connection, before or after the change
	ApplyAfter string `json:"applyAfter,omitempty"` // with Reset: the change comes this much later
	Job        string `json:"job,omitempty"`        // answer 202; the change comes this much later

	Body       string `json:"body,omitempty"`       // html, empty, truncated, cut or trickle
	Redirect   string `json:"redirect,omitempty"`   // to another URL
	RepeatPage bool   `json:"repeatPage,omitempty"` // the next link leads to the same page
	PageLimit  int    `json:"pageLimit,omitempty"`  // pages end early
	Listener   string `json:"listener,omitempty"`   // refused, expired-certificate or wrong-certificate

	Omit  []string `json:"omit,omitempty"`  // SVMs whose records a collection lacks without a sign of it
	Spoil *Spoil   `json:"spoil,omitempty"` // changes records
}

// Spoil changes the records of an SVM, or all if it names none. Fields are written as in "svm.uuid".
type Spoil struct {
	SVM    string         `json:"svm,omitempty"` // by name or UUID
	Remove []string       `json:"remove,omitempty"`
	Set    map[string]any `json:"set,omitempty"`
}

// InjectFault makes requests that match fail, and returns the fault's id.
func (c *Control) InjectFault(ctx context.Context, fault Fault) (string, error) {
	return c.create(ctx, "/faults", fault)
}

// RemoveFault ends one fault.
func (c *Control) RemoveFault(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, "/faults/"+url.PathEscape(id), nil, nil)
}

// ClearFaults ends all faults.
func (c *Control) ClearFaults(ctx context.Context) error {
	return c.call(ctx, http.MethodDelete, "/faults", nil, nil)
}

func (c *Control) create(ctx context.Context, path string, body any) (string, error) {
	var created struct {
		ID string `json:"id"`
	}
	err := c.call(ctx, http.MethodPost, path, body, &created)
	return created.ID, err
}

// call sends body as JSON and reads the answer into result; either may be nil.
func (c *Control) call(ctx context.Context, method, path string, body, result any) error {
	var payload io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return err
		}
		payload = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.URL+path, payload)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("simulator: %s %s: %w", method, path, err)
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("simulator: %s %s: %s: %s", method, path, response.Status, bytes.TrimSpace(answer))
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(answer, result)
}
