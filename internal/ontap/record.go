package ontap

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

// RecordError says that one record of a list can't be understood: something is missing, has the wrong type, or is longer than
// anything that ONTAP gives a name to. It says nothing about the other records.
type RecordError struct {
	// SVM is whose record it is, as far as the record says so in words that can be shown: with UUID and name, with one of them, or
	// with none.
	SVM SVMRef
	// Reason is what is wrong, on one line of 256 bytes at most.
	Reason string
	// Err is the same as the error of a call.
	Err *TransportError
}

// Error is that of the call.
func (e *RecordError) Error() string { return e.Err.Error() }

// Unwrap makes it a *[TransportError] to errors.As.
func (e *RecordError) Unwrap() error { return e.Err }

// unreadable is the error for a record of a list.
func (c *Client) unreadable(operation string, svm SVMRef, err error) *RecordError {
	transport := c.misread(request{operation: operation, method: http.MethodGet}, err)
	return &RecordError{SVM: svm, Reason: shorten(c.redact(err.Error()), maxReason), Err: transport}
}

// The most bytes that are taken of what the array calls things. ONTAP's own limits are lower. What is known by such a name is
// not understood if it is longer, and what is only shown is cut off.
const (
	maxSVMName    = 253
	maxUUID       = 64
	maxTargetName = 255 // an iSCSI name has 223
	maxAlias      = 255
	maxShown      = 255
	maxStatus     = 64
	maxReason     = 256
)

// fits returns what keeps a name from being taken as it is: a cut one would be another's.
func fits(field, name string, most int) error {
	if len(name) > most {
		return fmt.Errorf("%s is longer than %d bytes", field, most)
	}
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return fmt.Errorf("%s has characters that can't be printed", field)
	}
	return nil
}

// shorten makes words from outside fit for being shown: one line, printable, of that many bytes at most.
func shorten(text string, most int) string {
	const ellipsis = "…"
	if len(text) > 4*most {
		text = strings.ToValidUTF8(text[:4*most], "")
	}
	if text = printable(text); len(text) <= most {
		return text
	}
	end := most - len(ellipsis)
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + ellipsis
}

// record is what a list consists of. Its owner is the SVM that it says it belongs to.
type record interface{ owner() reference }

// row is one record of a page, understood or not.
type row[R any] struct {
	record R
	// err is why the record was not understood, and svm whose it is all the same.
	err error
	svm SVMRef
}

// rows are the records of a page, each understood for itself: an odd one does not take the page along.
type rows[R any] []row[R]

func (r *rows[R]) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	if token, err := decoder.Token(); err != nil || token != json.Delim('[') {
		return errors.New("records is no list")
	}
	*r = rows[R]{}
	for decoder.More() {
		if len(*r) == maxRecords {
			return errTooManyRecords
		}
		var one row[R]
		begin := decoder.InputOffset()
		if err := decoder.Decode(&one.record); err != nil {
			one.salvage(bytes.TrimLeft(data[begin:decoder.InputOffset()], ", \t\r\n"), err)
		}
		*r = append(*r, one)
	}
	return nil
}

// salvage reads what it can from a record that was not understood.
func (r *row[R]) salvage(data []byte, err error) {
	if s, ok := any(&r.record).(interface{ salvage(data []byte) error }); ok {
		err = s.salvage(data)
	}
	if err != nil {
		r.err, r.svm = wording(err), ownerOf(data)
	}
}

// ownerOf reads from a record that is not understood what it says about whose it is.
func ownerOf(data []byte) SVMRef {
	var odd struct {
		SVM struct {
			UUID any `json:"uuid"`
			Name any `json:"name"`
		} `json:"svm"`
	}
	// What can't be read is left out.
	_ = json.Unmarshal(data, &odd)
	uuid, _ := odd.SVM.UUID.(string)
	name, _ := odd.SVM.Name.(string)
	return reference{UUID: uuid, Name: name}.legible()
}

// convert returns what the record stands for, or why that can't be told and whose record it is.
func convert[R record, T any](r row[R], value func(R) (T, error)) (converted T, svm SVMRef, err error) {
	if r.err != nil {
		return converted, r.svm, r.err
	}
	converted, err = value(r.record)
	if err != nil {
		var none T
		return none, r.record.owner().legible(), err
	}
	return converted, SVMRef{}, nil
}
