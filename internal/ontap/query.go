package ontap

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Query says which records of a collection to return, which of their fields, and in which order. It is a value: each method returns
// a new query and leaves its receiver as it was, so that queries can be shared and refined. What can't be asked is
// reported by the call that the query is given to, as [ErrInvalidRequest].
//
// A query that selects nothing asks for all fields that the result of the call has, but for the expensive ones.
type Query struct {
	filters       []filter
	fields        []Field
	order         []string
	maxRecords    *int
	returnRecords *bool
	returnTimeout *time.Duration
}

const maxReturnTimeout = 120 * time.Second

type filter struct {
	field   Field
	operand Operand
}

// Where keeps the records whose field satisfies the operand. Several fields must all be satisfied; each can be named once.
func (q Query) Where(field Field, operand Operand) Query {
	q.filters = append(slices.Clip(q.filters), filter{field, operand})
	return q
}

// Select asks for these fields (and always gets the keys, svm.uuid and svm.name). Fields of the result that were not selected are
// zero, which is not to be mistaken for what the array has.
func (q Query) Select(fields ...Field) Query {
	q.fields = append(slices.Clip(q.fields), fields...)
	return q
}

// Direction is the direction of an order.
type Direction bool

// The directions of [Query.OrderBy].
const (
	Ascending  Direction = false
	Descending Direction = true
)

// OrderBy orders the records by field, after the fields that were named before.
func (q Query) OrderBy(field Field, direction Direction) Query {
	key := string(field)
	if direction == Descending {
		key += " desc"
	}
	q.order = append(slices.Clip(q.order), key)
	return q
}

// Page sets max_records, the size of a page. It bounds what one answer holds, not how many records an iteration yields.
func (q Query) Page(records int) Query {
	q.maxRecords = &records
	return q
}

// ReturnRecords sets return_records. The calls that count set it to false by themselves, and those that iterate refuse false: a list
// without its records looks like an empty one.
func (q Query) ReturnRecords(want bool) Query {
	q.returnRecords = &want
	return q
}

// ReturnTimeout sets how long the array may take before it returns what it has so far, in whole seconds from 0 to 120. Stay below
// the client's own deadline: what comes later is lost.
func (q Query) ReturnTimeout(timeout time.Duration) Query {
	q.returnTimeout = &timeout
	return q
}

// selected reports whether the answer must contain the field.
func (q Query) selected(field Field) bool { return selects(q.fields, field) }

// selects reports whether a selection is certain to include a field of the top level. No selection is every field.
func selects(fields []Field, field Field) bool {
	return len(fields) == 0 || slices.Contains(fields, field) || slices.Contains(fields, AllFields)
}

// or returns the query with a selection, if it has none.
func (q Query) or(fields ...Field) Query {
	if len(q.fields) == 0 {
		q.fields = fields
	}
	return q
}

// encode spells the query as it goes behind the question mark.
func (q Query) encode() (string, error) {
	var p parameters
	seen := map[Field]bool{}
	for _, f := range q.filters {
		switch {
		case f.field == "":
			return "", fmt.Errorf("a filter names no field")
		case seen[f.field]:
			// The array refuses a property that is given twice, and has no spelling for "and" within one.
			return "", fmt.Errorf("%s is filtered twice", f.field)
		case f.operand.err != nil:
			return "", fmt.Errorf("%s: %w", f.field, f.operand.err)
		}
		seen[f.field] = true
		p.add(string(f.field), f.operand.text)
	}
	p.add("fields", join(q.fields))
	p.add("order_by", strings.Join(q.order, ","))
	if q.maxRecords != nil {
		if *q.maxRecords < 1 {
			return "", fmt.Errorf("a page of %d records", *q.maxRecords)
		}
		p.add("max_records", strconv.Itoa(*q.maxRecords))
	}
	if q.returnRecords != nil {
		p.add("return_records", strconv.FormatBool(*q.returnRecords))
	}
	if q.returnTimeout != nil {
		timeout := *q.returnTimeout
		if timeout%time.Second != 0 || timeout < 0 || timeout > maxReturnTimeout {
			return "", fmt.Errorf("a return timeout of %s is not a whole number of seconds from 0 to 120", timeout)
		}
		p.add("return_timeout", strconv.Itoa(int(timeout.Seconds())))
	}
	return p.String(), nil
}

func join(fields []Field) string {
	names := make([]string, len(fields))
	for i, field := range fields {
		names[i] = string(field)
	}
	return strings.Join(names, ",")
}

// parameters is an ordered query string. Empty values are left out: the array takes them for filters that match nothing.
type parameters struct{ strings.Builder }

func (p *parameters) add(key, value string) {
	if value == "" {
		return
	}
	separator := byte('?')
	if p.Len() > 0 {
		separator = '&'
	}
	_ = p.WriteByte(separator)
	_, _ = p.WriteString(escape(key) + "=" + escape(value))
}

// escape is url.QueryEscape with a space that means a space to everyone. A plus sign in the text is %2B by then.
func escape(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}
