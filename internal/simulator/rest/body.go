package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/ontaperror"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/query"
)

// document is a request's body with its properties by dotted name: {"svm": {"name": "a"}} and {"svm.name": "a"} are
// the same. Values are strings, booleans, json.Numbers, nil, or lists.
type document map[string]any

// emptyBody says whether a body is as good as none. Some clients send {} or null where nothing belongs.
func emptyBody(body []byte) bool {
	switch string(bytes.TrimSpace(body)) {
	case "", "{}", "null":
		return true
	}
	return false
}

func parseBody(body []byte) (document, error) {
	d := document{}
	if emptyBody(body) {
		return d, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return nil, ontaperror.New(ontaperror.BadJSON)
	}
	if err := d.object(decoder, ""); err != nil {
		return nil, badJSON(err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, ontaperror.New(ontaperror.BadJSON)
	}
	return d, nil
}

// badJSON keeps errors that are the array's own and turns those of the parser into one.
func badJSON(err error) error {
	if own := (*ontaperror.Error)(nil); errors.As(err, &own) {
		return own
	}
	return ontaperror.New(ontaperror.BadJSON)
}

// object reads the members of an object whose opening brace was read.
func (d document) object(decoder *json.Decoder, prefix string) error {
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return err
		}
		member, _ := token.(string) // inside an object the decoder yields names here
		if err := d.member(decoder, prefix+member); err != nil {
			return err
		}
	}
	_, err := decoder.Token() // the closing brace
	return err
}

// member reads the value of a member whose name was read.
func (d document) member(decoder *json.Decoder, name string) error {
	value, err := decoder.Token()
	if err != nil {
		return err
	}
	switch value {
	case json.Delim('{'):
		return d.object(decoder, name+".")
	case json.Delim('['):
		if err := skipList(decoder); err != nil {
			return err
		}
	}
	if _, given := d[name]; given {
		return ontaperror.Newf(ontaperror.DuplicateProperty, name, "The property %q was given more than once.", name)
	}
	d[name] = value
	return nil
}

// skipList reads to the end of a list whose opening bracket was read. No property of a service is a list.
func skipList(decoder *json.Decoder) error {
	for depth := 1; depth > 0; {
		token, err := decoder.Token()
		if err != nil {
			return err
		}
		switch token {
		case json.Delim('['), json.Delim('{'):
			depth++
		case json.Delim(']'), json.Delim('}'):
			depth--
		}
	}
	return nil
}

// text returns a string property, or nil if it is not there.
func (d document) text(name string) (*string, error) {
	switch value := d[name].(type) {
	case nil:
		return nil, nil
	case string:
		return &value, nil
	default:
		return nil, ontaperror.Newf(ontaperror.InvalidValue, name, "The value is invalid for field %q (<string>)", name)
	}
}

// truth returns a boolean property, or nil if it is not there. It may be a string ("false"), as in the reference's
// example of disabling a service.
func (d document) truth(name string) (*bool, error) {
	switch value := d[name].(type) {
	case nil:
		return nil, nil
	case bool:
		return &value, nil
	case string:
		if b, ok := query.ParseBoolean(value); ok {
			return &b, nil
		}
		return nil, invalid(name, value, "true|false")
	default:
		return nil, ontaperror.Newf(ontaperror.InvalidValue, name, "The value is invalid for field %q (<true|false>)", name)
	}
}
