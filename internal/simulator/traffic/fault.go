package traffic

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/ontaperror"
)

// Fault is something that goes wrong with requests that match, or, with Listener, with all connections.
type Fault struct {
	ID string `json:"id"`
	Matcher
	// Count is how many requests it hits; 0 means all until it is removed.
	Count int `json:"count"`
	// Hits is how many it has hit.
	Hits int `json:"hits"`

	// Delay passes before the request is carried out.
	Delay Duration `json:"delay,omitempty"`

	// Status and Code answer with an error in place of carrying out the request; either may be left to the other.
	// Applied carries it out all the same.
	Status     int                   `json:"status,omitempty"`
	Code       string                `json:"code,omitempty"`
	Message    string                `json:"message,omitempty"`
	Target     string                `json:"target,omitempty"`
	Arguments  []ontaperror.Argument `json:"arguments,omitempty"`
	RetryAfter string                `json:"retryAfter,omitempty"`
	Applied    bool                  `json:"applied,omitempty"`

	// Reset resets the connection before or after the request was carried out. With ApplyAfter it is reset at once,
	// and carried out when that time is over.
	Reset      Stage    `json:"reset,omitempty"`
	ApplyAfter Duration `json:"applyAfter,omitempty"`

	// Job answers 202 with a job, and carries the request out when this time is over.
	Job Duration `json:"job,omitempty"`

	// Body spoils the answer's body: html, empty, truncated (the connection ends halfway), cut (half the JSON in a
	// complete answer) or trickle (byte by byte, Pause apart). Headers may trickle, too.
	Body    string   `json:"body,omitempty"`
	Headers string   `json:"headers,omitempty"`
	Pause   Duration `json:"pause,omitempty"`

	// Redirect answers 307 to another place, or what Status says.
	Redirect string `json:"redirect,omitempty"`

	// RepeatPage makes the page's next link lead to itself; PageLimit ends pages early, as when time runs out.
	RepeatPage bool `json:"repeatPage,omitempty"`
	PageLimit  int  `json:"pageLimit,omitempty"`

	// Omit leaves the records of these SVMs, by name or UUID, out of a collection. What is left counts as all there is:
	// num_records says so and no link leads on, as when ONTAP runs out of return_timeout.
	Omit []string `json:"omit,omitempty"`

	// Spoil changes records.
	Spoil *Spoil `json:"spoil,omitempty"`

	// Listener is refused, expired-certificate or wrong-certificate, until the fault is removed.
	Listener ListenerFault `json:"listener,omitempty"`
}

// ListenerFault is what may be wrong before there is a request.
type ListenerFault string

// The faults of the listener.
const (
	Refused            ListenerFault = "refused"
	ExpiredCertificate ListenerFault = "expired-certificate"
	WrongCertificate   ListenerFault = "wrong-certificate"
)

// The ways to spoil a body.
const (
	html      = "html"
	empty     = "empty"
	truncated = "truncated"
	cut       = "cut"
	trickle   = "trickle"
)

// validate says what is wrong with a fault.
func (f *Fault) validate() error {
	oneOf := func(name, value string, allowed ...string) error {
		if value == "" || slices.Contains(allowed, value) {
			return nil
		}
		return fmt.Errorf("%s %q is none of %q", name, value, allowed)
	}
	for _, err := range []error{
		oneOf("reset", string(f.Reset), string(Before), string(After)),
		oneOf("body", f.Body, html, empty, truncated, cut, trickle),
		oneOf("headers", f.Headers, trickle),
		oneOf("listener", string(f.Listener), string(Refused), string(ExpiredCertificate), string(WrongCertificate)),
		f.Spoil.validate(),
	} {
		if err != nil {
			return err
		}
	}
	if f.Status != 0 && (f.Status < 200 || f.Status > 599) {
		return fmt.Errorf("status %d is not an HTTP status", f.Status)
	}
	if f.Code != "" {
		if _, err := strconv.Atoi(f.Code); err != nil {
			return fmt.Errorf("code %q is not an integer in a string", f.Code)
		}
	}
	if f.Count < 0 {
		return fmt.Errorf("count %d is negative", f.Count)
	}
	return nil
}

// replaces says whether the fault's own answer takes the place of the array's.
func (f *Fault) replaces() bool { return f.Status != 0 || f.Code != "" || f.Redirect != "" }

// defaultCodes are the codes that statuses come with when a fault names none.
var defaultCodes = map[int]int{
	http.StatusBadRequest:         ontaperror.InvalidInput,
	http.StatusUnauthorized:       ontaperror.LoginFailed,
	http.StatusForbidden:          ontaperror.NotAuthorized,
	http.StatusNotFound:           ontaperror.NoSuchEntry,
	http.StatusMethodNotAllowed:   ontaperror.NoSuchAPI,
	http.StatusConflict:           8,
	http.StatusTooManyRequests:    7,
	http.StatusServiceUnavailable: 262160,
}

// refusal is the error the fault answers with.
func (f *Fault) refusal() *ontaperror.Error {
	code, _ := strconv.Atoi(f.Code) // validated
	if f.Code == "" {
		code = defaultCodes[f.Status]
	}
	refused := ontaperror.On(code, f.Target)
	refused.Status, refused.Arguments = f.Status, f.Arguments
	if f.Message != "" {
		refused.Message = f.Message
	}
	if refused.Message == "" {
		refused.Message = http.StatusText(refused.HTTPStatus())
	}
	return refused
}

// Faults is the faults that are switched on.
type Faults struct {
	// OnListener is told which listener fault holds whenever that may have changed; empty means none.
	OnListener func(ListenerFault) error

	mu       sync.Mutex
	lastID   int
	all      []*Fault
	switches sync.Mutex // keeps calls of OnListener in order
}

// Add switches a fault on.
func (f *Faults) Add(fault Fault) (Fault, error) {
	if err := fault.validate(); err != nil {
		return Fault{}, err
	}
	f.mu.Lock()
	f.lastID++
	fault.ID, fault.Hits = strconv.Itoa(f.lastID), 0
	f.all = append(f.all, &fault)
	added := fault
	f.mu.Unlock()
	return added, f.tellListener()
}

// All returns the faults that are on, oldest first.
func (f *Faults) All() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]Fault, len(f.all))
	for i, fault := range f.all {
		all[i] = *fault
	}
	return all
}

// Remove switches off a fault.
func (f *Faults) Remove(id string) (bool, error) {
	return f.removeWhere(func(fault *Fault) bool { return fault.ID == id })
}

// RemoveAll switches all faults off.
func (f *Faults) RemoveAll() error {
	_, err := f.removeWhere(func(*Fault) bool { return true })
	return err
}

func (f *Faults) removeWhere(chosen func(*Fault) bool) (bool, error) {
	f.mu.Lock()
	before := len(f.all)
	f.all = slices.DeleteFunc(f.all, chosen)
	removed := len(f.all) < before
	f.mu.Unlock()
	return removed, f.tellListener()
}

func (f *Faults) tellListener() error {
	f.switches.Lock()
	defer f.switches.Unlock()
	var current ListenerFault
	for _, fault := range f.All() {
		if fault.Listener != "" {
			current = fault.Listener
		}
	}
	if f.OnListener == nil {
		return nil
	}
	return f.OnListener(current)
}

// take returns the oldest fault that hits a request, or one that does nothing. A fault that is used up is off.
func (f *Faults) take(x *exchange) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, fault := range f.all {
		if fault.Listener != "" || !fault.matches(x) {
			continue
		}
		fault.Hits++
		if fault.Hits == fault.Count {
			f.all = slices.Delete(f.all, i, i+1)
		}
		return *fault
	}
	return Fault{}
}
