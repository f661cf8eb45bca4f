package ontap

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/sosodev/duration"
)

// The types of this file read the spellings that one value can have on the wire.

// boolean is true or false, or one of them as a string. As with all of JSON in Go, null leaves it as it is.
type boolean bool

func (b *boolean) UnmarshalJSON(data []byte) error {
	switch strings.ToLower(string(data)) {
	case `true`, `"true"`:
		*b = true
	case `false`, `"false"`:
		*b = false
	case `null`:
	default:
		return fmt.Errorf("%.40q is not a boolean", data)
	}
	return nil
}

// timestamp is ISO-8601 as ONTAP sends it, or as the reference prints it. An empty one, which a sample without data may have,
// is the zero time.
type timestamp struct{ time.Time }

var timestampLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05 Z0700", "2006-01-02 15:04:05Z07:00"}

func (t *timestamp) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("%.40q is not a timestamp", data)
	}
	if text == "" {
		return nil
	}
	for _, layout := range timestampLayouts {
		if parsed, err := time.Parse(layout, text); err == nil {
			t.Time = parsed.UTC()
			return nil
		}
	}
	return fmt.Errorf("%.40q is not a timestamp", text)
}

// period is an ISO-8601 duration, of which ONTAP sends PT15S to P1D. An empty one is zero.
type period time.Duration

func (p *period) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("%.40q is not a duration", data)
	}
	if text == "" {
		return nil
	}
	parsed, err := duration.Parse(text)
	if err != nil {
		return fmt.Errorf("%.40q is not a duration", text)
	}
	*p = period(parsed.ToTimeDuration())
	return nil
}

// number is an integer. Of a fraction, the integer part is taken.
type number int64

func (n *number) UnmarshalJSON(data []byte) error {
	if whole, err := strconv.ParseInt(string(data), 10, 64); err == nil {
		*n = number(whole)
		return nil
	}
	if string(data) == "null" {
		return nil
	}
	fraction, err := strconv.ParseFloat(string(data), 64)
	if err != nil || math.Abs(fraction) >= math.MaxInt64 {
		return fmt.Errorf("%.40q is not a number", data)
	}
	*n = number(fraction)
	return nil
}

// lenient is an object that is lost if it can't be understood, and nothing besides it.
type lenient[T any] struct{ value *T }

func (l *lenient[T]) UnmarshalJSON(data []byte) error {
	value := new(T)
	if string(data) != "null" && json.Unmarshal(data, value) == nil {
		l.value = value
	}
	return nil
}

// reference is how a record names the SVM that it belongs to.
type reference struct {
	UUID string `json:"uuid"`
	Name string `json:"name"`
}

// svm returns the reference, which must name the SVM of the request if that names one. A record that doesn't name its SVM
// could be taken for that of any SVM.
func (r reference) svm(wanted string) (SVMRef, error) {
	if r.UUID == "" {
		return SVMRef{}, fmt.Errorf("a record has no svm.uuid")
	}
	if wanted != "" && !strings.EqualFold(r.UUID, wanted) {
		return SVMRef{}, fmt.Errorf("a record belongs to SVM %.40q, not to %s", r.UUID, wanted)
	}
	if err := cmp.Or(fits("svm.uuid", r.UUID, maxUUID), fits("svm.name", r.Name, maxSVMName)); err != nil {
		return SVMRef{}, err
	}
	return SVMRef(r), nil
}

// legible is the reference without what can't be taken as it is.
func (r reference) legible() SVMRef {
	if fits("svm.uuid", r.UUID, maxUUID) != nil {
		r.UUID = ""
	}
	if fits("svm.name", r.Name, maxSVMName) != nil {
		r.Name = ""
	}
	return SVMRef(r)
}
