package query

import (
	"encoding/json"
	"strconv"
)

// Append writes the selected fields of a record as a JSON object.
func (s *Schema[R]) Append(dst []byte, record R, selection Selection) []byte {
	var open []string // the objects being written, outermost first
	dst = append(dst, '{')
	for i, field := range s.fields {
		if !selection[i] {
			continue
		}
		value := field.Get(record)
		if !value.set {
			continue
		}
		path := s.paths[i]
		objects := path[:len(path)-1]
		shared := commonPrefix(open, objects)
		for range open[shared:] {
			dst = append(dst, '}')
		}
		for _, object := range objects[shared:] {
			dst = appendName(dst, object)
			dst = append(dst, '{')
		}
		open = objects
		dst = value.append(appendName(dst, path[len(path)-1]))
	}
	for range open {
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

func commonPrefix(a, b []string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// appendName writes the name of a member, with the comma that separates it from its neighbour.
func appendName(dst []byte, name string) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	return append(append(append(dst, '"'), name...), '"', ':')
}

func (v Value) append(dst []byte) []byte {
	switch v.kind {
	case Integer:
		return strconv.AppendInt(dst, v.rank, 10)
	case Boolean:
		return strconv.AppendBool(dst, v.rank == 1)
	}
	return AppendString(dst, v.text)
}

// AppendString writes a JSON string.
func AppendString(dst []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(text) //nolint:errchkjson // a string always marshals
			return append(dst, quoted...)
		}
	}
	return append(append(append(dst, '"'), text...), '"')
}
