package traffic

import (
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/array"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/rest"
)

// Front takes requests from the network, does to them what was ordered, and has the rest done by the array's API.
type Front struct {
	API      *rest.API
	Journal  *Journal
	Barriers *Barriers
	Faults   *Faults
	Hooks    *Hooks
	// Latency is added to each answer.
	Latency time.Duration
	Log     *slog.Logger
}

// exchange is a request with what traffic needs to know of it.
type exchange struct {
	request rest.Request
	subject array.SVMRef
	account string
	seq     int
}

// bodyLimit is more than any request to this API can need.
const bodyLimit = 1 << 20

// ServeHTTP implements http.Handler. It looks at the request's context nowhere: a request that was received is carried
// out even if its client does not wait.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	x := &exchange{request: toRequest(r, body)}
	x.subject, x.account = f.API.Subject(x.request), f.API.AccountName(x.request)
	x.seq = f.Journal.received(Entry{
		Received: time.Now().UTC(),
		Method:   r.Method,
		Path:     r.URL.Path,
		Query:    r.URL.RawQuery,
		Body:     string(body),
		Account:  x.account,
		Client:   clientName(r),
	})
	f.serve(w, x)
}

func (f *Front) serve(w http.ResponseWriter, x *exchange) {
	fault := f.Faults.take(x)
	x.request.PageLimit = fault.PageLimit
	time.Sleep(f.Latency + time.Duration(fault.Delay))
	if fault.ApplyAfter > 0 {
		time.AfterFunc(time.Duration(fault.ApplyAfter), func() { f.apply(x, f.API.Do) })
		reset(w)
		return
	}
	if fault.Reset == Before {
		reset(w)
		return
	}
	var response rest.Response
	switch {
	case fault.Job > 0:
		response = f.postpone(x, fault)
	case !fault.replaces() || fault.Applied:
		response = f.apply(x, f.API.Do)
	}
	if fault.Reset == After {
		reset(w)
		return
	}
	if fault.replaces() {
		response = fault.response()
	}
	// Written down first: who has the answer finds it in the journal, too.
	f.Journal.answered(x.seq, response.Status, time.Now().UTC())
	fault.deliver(w, x, response)
}

// postpone answers with a job, and has the request carried out later.
func (f *Front) postpone(x *exchange, fault Fault) rest.Response {
	response, carryOut := f.API.Postpone(x.request)
	time.AfterFunc(time.Duration(fault.Job), func() {
		f.apply(x, func(rest.Request) rest.Response { return carryOut() })
	})
	return response
}

// apply has the array carry out a request, stopping at the barriers before and after.
func (f *Front) apply(x *exchange, do func(rest.Request) rest.Response) rest.Response {
	f.Barriers.hold(x, Before)
	response := do(x.request)
	f.Barriers.hold(x, After)
	if err := f.Hooks.pageAnswered(x); err != nil {
		f.Log.Error("a change between two pages failed", "error", err)
	}
	return response
}

func toRequest(r *http.Request, body []byte) rest.Request {
	request := rest.Request{
		Method: r.Method,
		Path:   r.URL.Path,
		Query:  r.URL.RawQuery,
		Accept: r.Header.Get("Accept"),
		Body:   body,
	}
	request.User, request.Password, _ = r.BasicAuth()
	if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
		request.CertificateCN = r.TLS.PeerCertificates[0].Subject.CommonName
	}
	return request
}

func clientName(r *http.Request) string {
	if name := r.Header.Get("X-Dot-Client-App"); name != "" {
		return name
	}
	return r.UserAgent()
}

// response is the fault's own answer.
func (f *Fault) response() rest.Response {
	header := http.Header{}
	if f.RetryAfter != "" {
		header.Set("Retry-After", f.RetryAfter)
	}
	if f.Redirect != "" {
		header.Set("Location", f.Redirect)
		status := f.Status
		if status == 0 {
			status = http.StatusTemporaryRedirect
		}
		return rest.Response{Status: status, Header: header}
	}
	refused := f.refusal()
	if refused.HTTPStatus() == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", `Basic realm="ONTAP"`)
	}
	header.Set("Content-Type", "application/hal+json")
	return rest.Response{Status: refused.HTTPStatus(), Header: header, Body: refused.Body()}
}
