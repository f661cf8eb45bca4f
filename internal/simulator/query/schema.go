package query

import (
	"strings"
)

// Field describes one property of a record: its dotted name and how to get it.
type Field[R any] struct {
	Name string
	Kind Kind
	// Key fields always come back.
	Key bool
	// Expensive fields come back only when named, or with fields=**.
	Expensive bool
	Get       func(R) Value
}

// Schema is the fields of a record, in the order in which they are written. Fields of the same object are neighbours.
type Schema[R any] struct {
	fields []Field[R]
	paths  [][]string
	index  map[string]int
}

// NewSchema returns the schema with these fields.
func NewSchema[R any](fields ...Field[R]) *Schema[R] {
	s := &Schema[R]{fields: fields, index: make(map[string]int, len(fields))}
	for i, field := range fields {
		s.paths = append(s.paths, strings.Split(field.Name, "."))
		s.index[field.Name] = i
	}
	return s
}

// Field returns the field with a name. Links can't be asked for.
func (s *Schema[R]) Field(name string) (Field[R], bool) {
	i, ok := s.index[name]
	if !ok || s.fields[i].Kind == Link {
		return Field[R]{}, false
	}
	return s.fields[i], true
}

// Within says whether a field is an object's, or is that field itself.
func Within(name, object string) bool {
	rest, found := strings.CutPrefix(name, object)
	return found && (rest == "" || rest[0] == '.')
}
