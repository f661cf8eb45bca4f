package ontap

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	// maxPage is some ten times what the largest page that can be asked for takes.
	maxPage = 32 << 20
	// maxObject is the same for everything else: one object, an error, a job.
	maxObject = 1 << 20
)

// request is one request to the array.
type request struct {
	operation string
	method    string
	target    string // escaped path and query, from the slash on
	body      any    // sent as JSON unless nil
	list      bool   // the answer is a page
	// certificate, unless nil, gets the certificate of the host that answers; the request is sent without asking Config.Peer.
	certificate *[sha256.Size]byte
}

func (r request) writes() bool { return r.method != http.MethodGet }

// limit is how many bytes an answer may have.
func (r request) limit() int64 {
	if r.list {
		return maxPage
	}
	return maxObject
}

// api is the path without query and keys: roles of the array know no single services.
func (r request) api() string {
	path, _, _ := strings.Cut(r.target, "?")
	segments := strings.Split(path, "/")
	if key := slices.IndexFunc(segments, plainUUID); key >= 0 {
		segments = segments[:key]
	}
	return strings.Join(segments, "/")
}

// refused completes what the array said to the request.
func (r request) refused(refusal *Error, status int, wait time.Duration) *Error {
	refusal.Operation, refusal.Method, refusal.API = r.operation, r.method, r.api()
	refusal.Status, refusal.RetryAfter = status, wait
	return refusal
}

// answer is what came back with a status of success.
type answer struct {
	status int
	body   []byte
}

// send makes one exchange of request and answer, when it is admitted. Its errors are *Error and *TransportError.
func (c *Client) send(ctx context.Context, r request) (answer, error) {
	ended, err := c.admitted(ctx, r)
	if err != nil {
		return answer{}, err
	}
	var a answer
	err = errors.New("the request did not come to an end")
	defer func() { ended(err) }()
	began := time.Now()
	a, err = c.exchange(ctx, r)
	if c.observe != nil {
		e := Exchange{Operation: r.operation, Status: a.status, Duration: time.Since(began)}
		if refusal, ok := errors.AsType[*Error](err); ok {
			e.Status, e.Code = refusal.Status, refusal.Code
		}
		c.observe(e)
	}
	return a, err
}

// admitted asks whether the request may be sent, and returns the function to call when it has ended.
func (c *Client) admitted(ctx context.Context, r request) (ended func(error), err error) {
	if c.admit == nil {
		return func(error) {}, nil
	}
	ended, err = c.admit(ctx)
	if refusal, ok := errors.AsType[*Error](err); ok {
		return nil, refusal
	}
	if err != nil {
		return nil, &TransportError{Operation: r.operation, Err: c.explain(ctx, "no request was sent to "+c.host, err)}
	}
	if ended == nil {
		ended = func(error) {}
	}
	return ended, nil
}

func (c *Client) exchange(ctx context.Context, r request) (answer, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout, timeoutError(c.timeout))
	defer cancel()
	var sent transmission
	if r.certificate == nil {
		sent.peer = c.peer
	}
	req, err := c.compose(sent.watch(ctx), r)
	if err != nil {
		return answer{}, invalid(r.operation, "%v", err)
	}
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		err = sent.cause(err)
		phase := "no answer from"
		if !sent.connected() {
			phase = "could not connect to"
		}
		return answer{}, &TransportError{
			Operation:    r.operation,
			MaybeApplied: r.writes() && sent.written(),
			Err:          c.explain(ctx, phase+" "+c.host, err),
		}
	}
	defer func() { _ = resp.Body.Close() }()
	if r.certificate != nil {
		*r.certificate = sent.certificate()
	}
	return c.judge(ctx, r, resp)
}

func (c *Client) compose(ctx context.Context, r request) (*http.Request, error) {
	var body io.Reader
	if r.body != nil {
		encoded, err := json.Marshal(r.body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, c.endpoint+r.target, body)
	if err != nil {
		return nil, errors.New("the address can't be formed")
	}
	// With GetBody the transport may write a body again on another connection. A write is handed over once; the caller decides
	// about a second time.
	req.GetBody = nil
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.app)
	req.Header.Set("X-Dot-Client-App", c.app)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	c.authorize(req)
	return req, nil
}

// judge sorts a response into success, refusal, and what is neither.
func (c *Client) judge(ctx context.Context, r request, resp *http.Response) (answer, error) {
	wait := retryAfter(resp.Header, time.Now())
	misunderstood := func(err error) (answer, error) {
		return answer{}, &TransportError{
			Operation: r.operation,
			Answered:  !errors.Is(err, context.DeadlineExceeded),
			// A host that says "too many requests" has not served this one.
			MaybeApplied: r.writes() && resp.StatusCode != http.StatusTooManyRequests,
			RetryAfter:   wait,
			Err:          err,
		}
	}
	if resp.StatusCode/100 == 3 {
		return misunderstood(c.redirected(resp))
	}
	status := resp.StatusCode
	body, readErr := readCapped(resp.Body, r.limit())
	if status >= http.StatusBadRequest {
		if refusal, ok := parseError(body); ok {
			refusal.clean(c.redact)
			return answer{}, r.refused(refusal, status, wait)
		}
	}
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		// No host acts for a client that it has just turned away: that is a refusal even from something that isn't ONTAP, and one that
		// must be known as such, because trying again locks the account.
		return answer{}, r.refused(&Error{Message: http.StatusText(status)}, status, wait)
	case readErr != nil:
		return misunderstood(c.explain(ctx, fmt.Sprintf("the body of HTTP %d from %s", status, c.host), readErr))
	case status == http.StatusOK || r.writes() && (status == http.StatusCreated || status == http.StatusAccepted):
		return answer{status, body}, nil
	}
	return misunderstood(fmt.Errorf("%s answered HTTP %d without an ONTAP error", c.host, status))
}

// misread is the error for an answer of success that doesn't say what it should.
func (c *Client) misread(r request, err error) *TransportError {
	return &TransportError{
		Operation:    r.operation,
		Answered:     true,
		MaybeApplied: r.writes(),
		Err:          fmt.Errorf("the answer of %s can't be understood: %s", c.host, tidy(c.redact(err.Error()))),
	}
}

// redirected names the host that the credentials were not sent to, and nothing else of the address.
func (c *Client) redirected(resp *http.Response) error {
	elsewhere := "an address that can't be read"
	if location, err := url.Parse(resp.Header.Get("Location")); err == nil {
		elsewhere = location.Host
		if elsewhere == "" {
			elsewhere = c.host
		}
	}
	return fmt.Errorf("%s answered HTTP %d, a redirect to %s, which is not followed", c.host, resp.StatusCode, tidy(c.redact(elsewhere)))
}

func readCapped(body io.Reader, limit int64) ([]byte, error) {
	read, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(read)) > limit {
		return nil, fmt.Errorf("it is larger than %d MiB", limit>>20)
	}
	return read, nil
}

// understand decodes an answer of success, which has no error in it.
func understand(body []byte, v any) error {
	if refusal, ok := parseError(body); ok {
		return fmt.Errorf("it is a success and yet an error: %s", refusal.Message)
	}
	return decode(body, v)
}

// decode reads a JSON object into v. An empty body, a list, null, HTML and an object that breaks off are all errors.
func decode(body []byte, v any) error {
	switch trimmed := bytes.TrimLeft(body, " \t\r\n"); {
	case len(trimmed) == 0:
		return errors.New("it is empty")
	case trimmed[0] != '{':
		return errors.New("it is not a JSON object")
	}
	err := json.Unmarshal(body, v)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok && syntax.Offset >= int64(len(body)) {
		return errors.New("it breaks off")
	}
	return wording(err)
}

// wording puts an error of the library into words that mean something to a user: Go types don't.
func wording(err error) error {
	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		// Embedded Go types are part of the path, and have capitals, which no field of the array has.
		path := slices.DeleteFunc(strings.Split(mismatch.Field, "."), func(name string) bool { return strings.ToLower(name) != name })
		field := strings.Join(path, ".")
		if field == "" {
			field = "it"
		}
		return fmt.Errorf("%s is a JSON %.40s", field, mismatch.Value)
	}
	return err
}
