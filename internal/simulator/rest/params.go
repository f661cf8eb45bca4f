package rest

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/ontaperror"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/query"
)

// paramSet is the query parameters an operation takes.
type paramSet struct {
	names   map[string]bool
	filters bool // takes the record's fields as filters, too
}

var (
	collectionParams      = paramSet{set("fields", "max_records", "return_records", "return_timeout", "order_by", "ignore_unknown_fields"), true}
	historyParams         = paramSet{set("fields", "max_records", "return_records", "return_timeout", "order_by", "ignore_unknown_fields", "interval"), true}
	instanceParams        = paramSet{set("fields", "return_records", "return_timeout", "ignore_unknown_fields"), false}
	writeParams           = paramSet{set("return_records", "return_timeout", "ignore_unknown_fields"), false}
	createParams          = paramSet{set("return_records", "return_timeout", "ignore_unknown_fields", "continue_on_failure", "serial_records"), false}
	collectionWriteParams = paramSet{createParams.names, true}
)

func set(names ...string) map[string]bool {
	members := make(map[string]bool, len(names))
	for _, name := range names {
		members[name] = true
	}
	return members
}

// params is a query, understood as far as that goes without knowing the records.
type params struct {
	fields        []string
	orderBy       string
	maxRecords    int // 0: no limit
	returnRecords *bool
	interval      string
	ignoreUnknown bool
	// continueOnFailure lets a write to several services go on after a refusal.
	continueOnFailure bool
	filters           []filterParam
	start             map[string]string // where a page begins: field → value of the last record before it
}

type filterParam struct{ name, text string }

// maxReturnTimeout is documented with return_timeout: 0 to 120 seconds.
const maxReturnTimeout = 120

// startPrefix marks the parameters a next link adds.
const startPrefix = "start."

func parseParams(rawQuery string, allowed paramSet) (params, error) {
	p := params{start: map[string]string{}}
	values, err := url.ParseQuery(rawQuery)
	if err != nil {
		return p, ontaperror.Newf(ontaperror.InvalidInput, "", "The query is invalid: %v", err)
	}
	// The one parameter that changes how the others are read comes first.
	if p.ignoreUnknown, err = boolParam(values, "ignore_unknown_fields"); err != nil {
		return p, err
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		texts := values[name]
		switch {
		case allowed.names[name]:
			err = p.control(name, texts)
		case allowed.filters && strings.HasPrefix(name, startPrefix):
			p.start[strings.TrimPrefix(name, startPrefix)] = texts[0]
		case allowed.filters:
			err = single(name, texts)
			p.filters = append(p.filters, filterParam{name, texts[0]})
		case !p.ignoreUnknown:
			err = unexpected(name)
		}
		if err != nil {
			return p, err
		}
	}
	return p, nil
}

// control reads one of the parameters that are not filters.
func (p *params) control(name string, texts []string) error {
	// Clients that encode lists as repeated parameters do so with these two.
	switch name {
	case "fields":
		p.fields = query.SplitFields(strings.Join(texts, ","))
		return nil
	case "order_by":
		p.orderBy = strings.Join(texts, ",")
		return nil
	}
	if err := single(name, texts); err != nil {
		return err
	}
	text := texts[0]
	switch name {
	case "max_records":
		n, err := strconv.ParseUint(text, 10, 31)
		if err != nil || n == 0 {
			return invalid(name, text, "1..2147483647")
		}
		p.maxRecords = int(n)
	case "return_timeout":
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > maxReturnTimeout {
			return invalid(name, text, "0..120")
		}
	case "return_records", "continue_on_failure", "serial_records":
		b, ok := query.ParseBoolean(text)
		switch {
		case !ok:
			return invalid(name, text, "true|false")
		case name == "return_records":
			p.returnRecords = &b
		case name == "continue_on_failure":
			p.continueOnFailure = b
		}
		// serial_records changes nothing: services are written one after the other anyway.
	case "interval":
		p.interval = text
	}
	return nil
}

func boolParam(values url.Values, name string) (bool, error) {
	if !values.Has(name) {
		return false, nil
	}
	b, ok := query.ParseBoolean(values.Get(name))
	if !ok {
		return false, invalid(name, values.Get(name), "true|false")
	}
	return b, nil
}

func single(name string, texts []string) error {
	if len(texts) > 1 {
		return ontaperror.Newf(ontaperror.DuplicateProperty, name, "The property %q was given more than once.", name)
	}
	return nil
}

func unexpected(name string) error {
	return ontaperror.Newf(ontaperror.UnexpectedArgument, name, "Unexpected argument %q.", name)
}

func invalid(name, text, allowed string) error {
	return ontaperror.Newf(ontaperror.InvalidValue, name, "The value %q is invalid for field %q (<%s>)", text, name, allowed)
}
