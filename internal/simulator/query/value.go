// Package query is the part of ONTAP's REST API that all collections share: which fields a record has, which of them
// a request selects, how records are filtered, ordered and written down.
package query

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/sosodev/duration"
)

// Kind is the type of a field.
type Kind uint8

// The types of fields.
const (
	String Kind = iota
	Integer
	Boolean
	Timestamp // on the wire ISO-8601 in UTC
	Duration  // on the wire ISO-8601
	Link      // an href, shown to clients that accept HAL
)

func (k Kind) String() string {
	return [...]string{"string", "integer", "boolean", "date-time", "duration", "href"}[k]
}

// Value is the value of a field. The zero Value is null: such a field doesn't show.
type Value struct {
	set  bool
	kind Kind
	text string // strings, and what goes on the wire for timestamps and durations
	rank int64  // what everything but strings is compared by
}

// Null is the value of a field that is not there.
var Null = Value{}

// Text is a string value.
func Text(s string) Value { return Value{set: true, kind: String, text: s} }

// TextOrNull is a string value that doesn't show when empty.
func TextOrNull(s string) Value { return Value{set: s != "", kind: String, text: s} }

// Href is the value of a link.
func Href(path string) Value { return Value{set: true, kind: Link, text: path} }

// Number is an integer value.
func Number(n int64) Value { return Value{set: true, kind: Integer, rank: n} }

// Truth is a boolean value.
func Truth(b bool) Value {
	v := Value{set: true, kind: Boolean}
	if b {
		v.rank = 1
	}
	return v
}

// Moment is a point in time, to the second.
func Moment(t time.Time) Value {
	return Value{set: true, kind: Timestamp, text: t.UTC().Format(time.RFC3339), rank: t.Unix()}
}

// Span is a length of time.
func Span(d time.Duration) Value {
	return Value{set: true, kind: Duration, text: duration.Format(d), rank: int64(d)}
}

// String is what the value looks like to a filter's wildcard.
func (v Value) String() string {
	switch v.kind {
	case Integer:
		return strconv.FormatInt(v.rank, 10)
	case Boolean:
		return strconv.FormatBool(v.rank == 1)
	}
	return v.text
}

// Compare orders two values of the same kind; null comes first.
func Compare(a, b Value) int {
	switch {
	case !a.set || !b.set:
		return cmp.Compare(rankOfSet(a), rankOfSet(b))
	case a.kind == String || a.kind == Link:
		return strings.Compare(a.text, b.text)
	}
	return cmp.Compare(a.rank, b.rank)
}

func rankOfSet(v Value) int {
	if v.set {
		return 1
	}
	return 0
}

// Parse reads a value of a kind as it may stand in a query or a body.
func Parse(kind Kind, text string) (Value, bool) {
	switch kind {
	case Integer:
		n, err := strconv.ParseInt(text, 10, 64)
		return Number(n), err == nil
	case Boolean:
		b, ok := ParseBoolean(text)
		return Truth(b), ok
	case Timestamp:
		t, ok := ParseTimestamp(text)
		return Moment(t), ok
	case Duration:
		d, err := duration.Parse(text)
		if err != nil {
			return Null, false
		}
		return Span(d.ToTimeDuration()), true
	}
	return Text(text), true
}

// ParseBoolean reads a boolean the way ONTAP does: also as 1 and 0, and in any case.
func ParseBoolean(text string) (value, ok bool) {
	switch strings.ToLower(text) {
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	}
	return false, false
}

// timestampLayouts are ISO-8601, what the reference prints, and the key that NetApp's Python library puts into a path:
// encoded as if for a query, where + is a space.
var timestampLayouts = []string{
	time.RFC3339, "2006-01-02+15:04:05Z07:00", "2006-01-02T15:04:05-0700", "2006-01-02 15:04:05 -0700", "2006-01-02T15:04:05", "2006-01-02",
}

// ParseTimestamp reads a point in time. A "+" before the offset that the URL turned into a space is forgiven.
func ParseTimestamp(text string) (time.Time, bool) {
	for _, candidate := range []string{text, plusOffset(text)} {
		for _, layout := range timestampLayouts {
			if t, err := time.Parse(layout, candidate); err == nil {
				return t.UTC(), true
			}
		}
	}
	return time.Time{}, false
}

func plusOffset(text string) string {
	if i := strings.LastIndexByte(text, ' '); i > 0 {
		return text[:i] + "+" + text[i+1:]
	}
	return text
}
