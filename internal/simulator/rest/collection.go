package rest

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/query"
)

// collection is a list of records to answer a GET from.
type collection[R any] struct {
	schema *query.Schema[R]
	// records stand in the collection's own order: ascending by position, or descending.
	records    []R
	position   []string // the fields that a page's place is given by
	descending bool
	// aliases are names under which fields may be filtered, too.
	aliases map[string]string
}

// filter is a condition on a field.
type filter[R any] struct {
	get  func(R) query.Value
	pass query.Condition
}

// indexKey is the start key of pages whose order is the request's own.
const indexKey = "index"

// answer implements what all collection GETs share: filters, fields, order_by, max_records, return_records and links.
func (col collection[R]) answer(c *call) (Response, error) {
	filters, filtered, err := col.filters(c.params)
	if err != nil {
		return Response{}, err
	}
	selection, err := col.schema.Select(c.params.fields, col.schema.Keys(), c.params.ignoreUnknown)
	if err != nil {
		return Response{}, err
	}
	selection = col.schema.With(selection, filtered)
	if c.hal {
		selection = col.schema.WithLinks(selection)
	}
	page, next, err := col.page(c.limited(), filters)
	if err != nil {
		return Response{}, err
	}
	body := []byte{'{'}
	if c.params.returnRecords == nil || *c.params.returnRecords {
		body = append(body, `"records":[`...)
		for i, record := range page {
			if i > 0 {
				body = append(body, ',')
			}
			begin := len(body)
			body = col.schema.Append(body, record, selection)
			if i == 0 { // the others will be about as long
				body = slices.Grow(body, len(page)*(len(body)-begin+8))
			}
		}
		body = append(body, `],`...)
	}
	body = append(body, `"num_records":`...)
	body = strconv.AppendInt(body, int64(len(page)), 10)
	body = c.appendLinks(body, next)
	return answer(http.StatusOK, append(body, '}')), nil
}

// filters compiles the request's filters and returns the names of the fields they are on.
func (col collection[R]) filters(p params) ([]filter[R], []string, error) {
	var filters []filter[R]
	var names []string
	for _, param := range p.filters {
		name := param.name
		if alias, ok := col.aliases[name]; ok {
			name = alias
		}
		field, ok := col.schema.Field(name)
		if !ok {
			if p.ignoreUnknown {
				continue
			}
			return nil, nil, unexpected(param.name)
		}
		pass, err := query.ParseCondition(name, field.Kind, param.text)
		if err != nil {
			return nil, nil, err
		}
		filters = append(filters, filter[R]{field.Get, pass})
		names = append(names, name)
	}
	return filters, names, nil
}

func passes[R any](record R, filters []filter[R]) bool {
	for _, f := range filters {
		if !f.pass(f.get(record)) {
			return false
		}
	}
	return true
}

// page returns the records of a page, and the start keys of the next. There is a next page whenever this one is
// full: whether it will be empty isn't known before asking, neither here nor on an array.
func (col collection[R]) page(p params, filters []filter[R]) ([]R, url.Values, error) {
	if p.orderBy != "" {
		return col.orderedPage(p, filters)
	}
	after, err := col.start(p.start)
	if err != nil {
		return nil, nil, err
	}
	var page []R
	for _, record := range col.records {
		if !after(record) || !passes(record, filters) {
			continue
		}
		page = append(page, record)
		if len(page) == p.maxRecords {
			return page, col.startKeys(record), nil
		}
	}
	return page, nil, nil
}

// orderedPage is a page of a collection in the order asked for; its place is a number.
func (col collection[R]) orderedPage(p params, filters []filter[R]) ([]R, url.Values, error) {
	orders, err := col.schema.ParseOrder(p.orderBy)
	if err != nil {
		return nil, nil, err
	}
	records := slices.DeleteFunc(slices.Clone(col.records), func(record R) bool { return !passes(record, filters) })
	col.schema.Sort(records, orders)
	first := 0
	if text, ok := p.start[indexKey]; ok {
		if first, err = strconv.Atoi(text); err != nil || first < 0 {
			return nil, nil, invalid(startPrefix+indexKey, text, "integer")
		}
	}
	page := records[min(first, len(records)):]
	if p.maxRecords == 0 || len(page) < p.maxRecords {
		return page, nil, nil
	}
	next := url.Values{startPrefix + indexKey: {strconv.Itoa(first + p.maxRecords)}}
	return page[:p.maxRecords], next, nil
}

// limited is the request's parameters with max_records no greater than what there is time for.
func (c *call) limited() params {
	p := c.params
	if c.PageLimit > 0 && (p.maxRecords == 0 || c.PageLimit < p.maxRecords) {
		p.maxRecords = c.PageLimit
	}
	return p
}

// start returns whether a record comes after the place that start keys give.
func (col collection[R]) start(keys map[string]string) (func(R) bool, error) {
	if len(keys) == 0 {
		return func(R) bool { return true }, nil
	}
	var fields []query.Field[R]
	var bounds []query.Value
	for _, name := range col.position {
		text, ok := keys[name]
		if !ok {
			continue
		}
		field, _ := col.schema.Field(name)
		bound, ok := query.Parse(field.Kind, text)
		if !ok {
			return nil, invalid(startPrefix+name, text, field.Kind.String())
		}
		fields, bounds = append(fields, field), append(bounds, bound)
	}
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		if !slices.Contains(col.position, name) {
			return nil, unexpected(startPrefix + name)
		}
	}
	return func(record R) bool {
		for i, field := range fields {
			if order := query.Compare(field.Get(record), bounds[i]); order != 0 {
				return (order > 0) != col.descending
			}
		}
		return false
	}, nil
}

func (col collection[R]) startKeys(last R) url.Values {
	keys := url.Values{}
	for _, name := range col.position {
		field, _ := col.schema.Field(name)
		keys.Set(startPrefix+name, field.Get(last).String())
	}
	return keys
}

// appendLinks writes the collection's links. A plain answer has them only where they are needed to go on.
func (c *call) appendLinks(body []byte, next url.Values) []byte {
	if !c.hal && next == nil {
		return body
	}
	body = append(body, `,"_links":{`...)
	if c.hal {
		self := (&url.URL{Path: c.Path, RawQuery: c.Query}).String()
		body = append(query.AppendString(append(body, `"self":{"href":`...), self), '}')
	}
	if next != nil {
		if c.hal {
			body = append(body, ',')
		}
		body = append(query.AppendString(append(body, `"next":{"href":`...), c.nextHref(next)), '}')
	}
	return append(body, '}')
}

// nextHref is the request's own path and query with new start keys, which come first.
func (c *call) nextHref(start url.Values) string {
	parts := []string{start.Encode()}
	for part := range strings.SplitSeq(c.Query, "&") {
		if part != "" && !strings.HasPrefix(part, startPrefix) {
			parts = append(parts, part)
		}
	}
	return (&url.URL{Path: c.Path, RawQuery: strings.Join(parts, "&")}).String()
}
