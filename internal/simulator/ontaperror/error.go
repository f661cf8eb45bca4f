// Package ontaperror holds the errors an array answers with: the codes of the reference's error tables, the codes
// common to all ONTAP endpoints, and the HTTP status each travels with.
package ontaperror

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// Error is an answer "no" from the array, in the shape of the reference's returned_error.
type Error struct {
	Code      int
	Message   string
	Target    string
	Arguments []Argument
	// Status overrides the HTTP status that belongs to Code; zero means Code's own.
	Status int
}

// Argument is one of an error's message arguments (error_arguments in the reference).
type Argument struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// New returns the error with its documented message and no target.
func New(code int) *Error { return &Error{Code: code, Message: messages[code]} }

// On returns the error with its documented message, pointing at a field.
func On(code int, target string) *Error {
	return &Error{Code: code, Message: messages[code], Target: target}
}

// Newf returns the error with a message of its own.
func Newf(code int, target, format string, args ...any) *Error {
	return &Error{Code: code, Target: target, Message: fmt.Sprintf(format, args...)}
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("%s (%d)", e.Message, e.Code) }

// HTTPStatus is the status the error is answered with.
func (e *Error) HTTPStatus() int {
	if e.Status != 0 {
		return e.Status
	}
	if status, ok := statuses[e.Code]; ok {
		return status
	}
	return defaultStatus
}

// Parse reads an error back from an answer's body.
func Parse(body []byte) *Error {
	var answer struct {
		Error struct {
			Message string `json:"message"`
			Code    string `json:"code"`
			Target  string `json:"target"`
		} `json:"error"`
	}
	_ = json.Unmarshal(body, &answer) // it is Body's own
	code, _ := strconv.Atoi(answer.Error.Code)
	return &Error{Code: code, Message: answer.Error.Message, Target: answer.Error.Target}
}

// Body is the answer's: the code is an integer in a string.
func (e *Error) Body() []byte {
	type returnedError struct {
		Message   string     `json:"message"`
		Code      string     `json:"code"`
		Target    string     `json:"target,omitempty"`
		Arguments []Argument `json:"arguments,omitempty"`
	}
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false) // messages have <field,...> in them
	answer := map[string]returnedError{"error": {e.Message, strconv.Itoa(e.Code), e.Target, e.Arguments}}
	_ = encoder.Encode(answer) //nolint:errchkjson // strings always marshal
	return body.Bytes()
}
