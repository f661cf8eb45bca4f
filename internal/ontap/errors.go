package ontap

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// ErrInvalidRequest is what every error is that this package returns without having sent anything: an SVM UUID that is none, a
// query that the array's syntax has no spelling for, an update that changes nothing.
var ErrInvalidRequest = errors.New("invalid request")

func invalid(operation, format string, args ...any) error {
	return fmt.Errorf("%s: %w: %s", operation, ErrInvalidRequest, fmt.Sprintf(format, args...))
}

// Error says that the array said no: the returned_error of the reference, with the circumstances.
type Error struct {
	// Operation is what was asked for, such as "create iSCSI service".
	Operation string
	// Method and API are what was denied if a role forbids it: GET, and the path that a role would grant, which is the request's without
	// query and keys.
	Method, API string
	// Status is the HTTP status. It is 202 when the array accepted the request and its job failed later.
	Status int
	// Code is ONTAP's code; 0 when a 401 or 403 came without one.
	Code Code
	// Message and Target are the array's words: what is wrong, and with which parameter.
	Message, Target string
	// Arguments are the parts that Message was composed of.
	Arguments []Argument
	// RetryAfter is how long the array asked to be left alone; 0 when it didn't.
	RetryAfter time.Duration
}

// Argument is one part of an [Error]'s message: error_arguments of the reference.
type Argument struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Error reads "operation: message (ONTAP error code, HTTP status, target field)". RetryAfter, which differs at each try, is left out.
func (e *Error) Error() string {
	facts := make([]string, 0, 3)
	if e.Code != 0 {
		facts = append(facts, e.Code.Error())
	}
	facts = append(facts, fmt.Sprintf("HTTP %d", e.Status))
	if e.Target != "" {
		facts = append(facts, "target "+e.Target)
	}
	return fmt.Sprintf("%s: %s (%s)", e.Operation, e.Message, strings.Join(facts, ", "))
}

// LoginRefused reports whether the array does not accept the account: HTTP 401, or the code that says so with another status.
func (e *Error) LoginRefused() bool {
	return e.Status == http.StatusUnauthorized || e.Code == CodeUnauthorizedUser
}

// Forbidden reports whether the account's role does not allow the operation: HTTP 403, or the code that says so.
func (e *Error) Forbidden() bool {
	return e.Status == http.StatusForbidden || e.Code == CodeNotAuthorized
}

// Is makes errors.Is(err, code) true for the array's code.
func (e *Error) Is(target error) bool {
	code, ok := target.(Code)
	return ok && code == e.Code
}

// TransportError says that the array could not be reached, or that what came back could not be understood as its answer. What
// exists on the array is unknown. It never wraps an [*Error].
type TransportError struct {
	// Operation is what was asked for.
	Operation string
	// MaybeApplied is true when a write may have been carried out, or may yet be: the request may have left this machine and no
	// definite answer came. It is false for reads.
	MaybeApplied bool
	// Answered is true when an answer came over HTTP, whatever that was: a page of a gateway, a redirect, a body that can't be
	// understood or breaks off. It is false when none did, also when an answer that had begun was not complete in time.
	Answered bool
	// RetryAfter is for how long the host that answered asks for no further request; 0 when it does not.
	RetryAfter time.Duration
	// Err is the cause. Its text is free of what differs between two tries.
	Err error
}

// Error reads "operation: cause", and says so when a change may have been applied.
func (e *TransportError) Error() string {
	text := e.Operation + ": " + e.Err.Error()
	if e.MaybeApplied {
		text += "; the change may have been applied"
	}
	return text
}

// Unwrap gives errors.Is and errors.As the cause: context.DeadlineExceeded, a *net.OpError, an x509 error.
func (e *TransportError) Unwrap() error { return e.Err }

// MaybeApplied reports whether the write that failed with err may have been carried out, or may yet be. Besides what
// [TransportError] knows, an array that reports an internal error (a 5xx with a code that the documents don't name) has not said
// that it did nothing.
func MaybeApplied(err error) bool {
	if transport, ok := errors.AsType[*TransportError](err); ok {
		return transport.MaybeApplied
	}
	if refusal, ok := errors.AsType[*Error](err); ok {
		return refusal.Status >= http.StatusInternalServerError &&
			refusal.Status != http.StatusServiceUnavailable &&
			!refusal.Code.refusal()
	}
	return false
}
