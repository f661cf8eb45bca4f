package ontap

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// parseError reads returned_error of the reference. What has no numeric code is not ONTAP's: gateways, too, answer with a JSON
// object that has an "error".
func parseError(body []byte) (*Error, bool) {
	var wrapper struct {
		Error json.RawMessage `json:"error"`
	}
	var returned returnedError
	// Most bodies are lists without an error: don't parse megabytes twice to learn that.
	if bytes.Contains(body, []byte(`"error"`)) && decode(body, &wrapper) == nil &&
		decode(wrapper.Error, &returned) == nil && returned.Code != nil {
		return returned.refusal(), true
	}
	return nil, false
}

type returnedError struct {
	Message   string     `json:"message"`
	Code      *Code      `json:"code"`
	Target    string     `json:"target"`
	Arguments []Argument `json:"arguments"`
}

func (r returnedError) refusal() *Error {
	refusal := &Error{Message: r.Message, Target: r.Target, Arguments: r.Arguments}
	if r.Code != nil {
		refusal.Code = *r.Code
	}
	return refusal
}

// UnmarshalJSON reads "4", as errors have it, and 4, as jobs do.
func (c *Code) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	n, err := strconv.ParseInt(strings.Trim(string(data), `"`), 10, 64)
	if err != nil {
		return errors.New("the error code is not a number")
	}
	*c = Code(n)
	return nil
}

// maxMessage keeps a verbose array from filling the status of an object.
const maxMessage = 1024

// tidy makes words from outside fit for a log and a status: one line, printable, of a sane length.
func tidy(text string) string {
	text = printable(text)
	if runes := []rune(text); len(runes) > maxMessage {
		text = string(runes[:maxMessage]) + "…"
	}
	return text
}

// printable puts a text on one line.
func printable(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
}

// maxArguments is how many arguments of an error are kept: messages quote them all.
const maxArguments = 16

// clean tidies the array's words and takes the credentials out of them.
func (e *Error) clean(redact func(string) string) {
	e.Message, e.Target = tidy(redact(e.Message)), shorten(redact(e.Target), maxShown)
	e.Arguments = e.Arguments[:min(len(e.Arguments), maxArguments)]
	for i, argument := range e.Arguments {
		e.Arguments[i] = Argument{Code: shorten(redact(argument.Code), maxStatus), Message: shorten(redact(argument.Message), maxShown)}
	}
	if e.Message == "" {
		e.Message = "the array gave no message"
	}
}

// maxRetryAfter bounds what a broken clock or a hostile gateway can put a client to sleep for.
const maxRetryAfter = 24 * time.Hour

// retryAfter reads the header in both its forms. A date is taken relative to the answer's own Date: the array's clock may be off.
func retryAfter(header http.Header, now time.Time) time.Duration {
	value := strings.TrimSpace(header.Get("Retry-After"))
	seconds, err := strconv.ParseUint(value, 10, 32)
	switch {
	case err == nil:
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	case errors.Is(err, strconv.ErrRange):
		return maxRetryAfter
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		now = date
	}
	return min(max(until.Sub(now), 0), maxRetryAfter)
}
