package traffic

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
)

// Spoil changes records on their way to the client: those of one SVM, or all if it names none. An answer about a single
// object counts as one record.
type Spoil struct {
	// SVM is a name or a UUID.
	SVM string `json:"svm,omitempty"`
	// Remove and Set name fields as queries do, such as "svm.uuid".
	Remove []string                   `json:"remove,omitempty"`
	Set    map[string]json.RawMessage `json:"set,omitempty"`
}

func (s *Spoil) validate() error {
	if s != nil && len(s.Remove) == 0 && len(s.Set) == 0 {
		return errors.New("spoil needs fields to remove or to set")
	}
	return nil
}

// edit returns a body without the records that are omitted, and with those that are spoilt. A body that is no JSON object
// stays as it is.
func (f *Fault) edit(body []byte) []byte {
	if len(f.Omit) == 0 && f.Spoil == nil {
		return body
	}
	var answer map[string]any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber() // counters are larger than what a float64 holds exactly
	if decoder.Decode(&answer) != nil {
		return body
	}
	if records, ok := answer["records"].([]any); ok {
		f.editCollection(answer, records)
	} else {
		f.Spoil.spoil(answer)
	}
	edited, err := json.Marshal(answer)
	if err != nil {
		return body
	}
	return edited
}

func (f *Fault) editCollection(answer map[string]any, records []any) {
	if len(f.Omit) > 0 {
		records = slices.DeleteFunc(records, func(record any) bool {
			return slices.ContainsFunc(f.Omit, func(svm string) bool { return isOf(record, svm) })
		})
		answer["records"], answer["num_records"] = records, len(records)
		if links, ok := answer["_links"].(map[string]any); ok {
			if delete(links, "next"); len(links) == 0 {
				delete(answer, "_links")
			}
		}
	}
	for _, record := range records {
		f.Spoil.spoil(record)
	}
}

func (s *Spoil) spoil(record any) {
	fields, ok := record.(map[string]any)
	if s == nil || !ok || s.SVM != "" && !isOf(record, s.SVM) {
		return
	}
	for _, name := range s.Remove {
		if parent, last := within(fields, name, false); parent != nil {
			delete(parent, last)
		}
	}
	for name, value := range s.Set {
		parent, last := within(fields, name, true)
		parent[last] = value
	}
}

// within returns the object that has the field of a dotted name, and the last part of the name. If there is no such
// object, it is nil, or made.
func within(fields map[string]any, name string, create bool) (parent map[string]any, last string) {
	for {
		first, rest, nested := strings.Cut(name, ".")
		if !nested {
			return fields, name
		}
		inner, ok := fields[first].(map[string]any)
		if !ok {
			if !create {
				return nil, ""
			}
			inner = map[string]any{}
			fields[first] = inner
		}
		fields, name = inner, rest
	}
}

// isOf reports whether a record is that of an SVM, or the SVM itself, by name or UUID.
func isOf(record any, svm string) bool {
	fields, _ := record.(map[string]any)
	if inner, ok := fields["svm"].(map[string]any); ok {
		fields = inner
	}
	return fields["name"] == svm || fields["uuid"] == svm
}
