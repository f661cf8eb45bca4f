package rest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/array"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/ontaperror"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/query"
)

// maxAlias is the documented length of an alias.
const maxAlias = 128

// recordsProperty holds the services of a body that is about several.
const recordsProperty = "records"

// serviceBody is what a POST or PATCH says about a service.
type serviceBody struct {
	svm  array.SVMRef
	spec array.ServiceSpec
}

// parseServiceBody reads the request body of "Create an iSCSI service" and "Update an iSCSI service".
func (c *call) parseServiceBody() (serviceBody, error) {
	return c.parseService(c.Body, c.Method != http.MethodPatch)
}

// parseService reads what a body says about one service. mayName says whether it may name the SVM.
//
// The reference's example bodies contain target.name, and its definition of the field says readOnly: the definition
// decides, since a client that believes the example must learn that its IQN was not taken.
func (c *call) parseService(body []byte, mayName bool) (serviceBody, error) {
	var b serviceBody
	d, err := parseBody(body)
	if err != nil {
		return b, err
	}
	for _, name := range slices.Sorted(maps.Keys(d)) {
		if err := c.checkProperty(name, mayName); err != nil {
			return b, err
		}
	}
	if b.spec.Enabled, err = d.truth("enabled"); err != nil {
		return b, err
	}
	if b.spec.Alias, err = d.text("target.alias"); err != nil {
		return b, err
	}
	if err := c.checkAlias(b.spec.Alias); err != nil {
		return b, err
	}
	for name, into := range map[string]*string{"svm.name": &b.svm.Name, "svm.uuid": &b.svm.UUID} {
		text, err := d.text(name)
		if err != nil {
			return b, err
		}
		if text != nil {
			*into = *text
		}
	}
	return b, nil
}

// records reads a body {"records": [...]}, with which NetApp's clients write several services, each in its own way. It
// is nil for any other body.
func (c *call) records() ([]serviceBody, error) {
	var body map[string]json.RawMessage
	if json.Unmarshal(c.Body, &body) != nil || body[recordsProperty] == nil {
		return nil, nil // what is wrong with it is told by who reads it as one service
	}
	if len(body) > 1 || len(c.params.filters) > 0 {
		return nil, ontaperror.Newf(ontaperror.InvalidTogether, recordsProperty, "Field %q is invalid together with other fields or filters.", recordsProperty)
	}
	var list []json.RawMessage
	if json.Unmarshal(body[recordsProperty], &list) != nil {
		return nil, ontaperror.Newf(ontaperror.InvalidValue, recordsProperty, "The value is invalid for field %q (<list>)", recordsProperty)
	}
	records := make([]serviceBody, 0, len(list))
	for _, one := range list {
		record, err := c.parseService(one, true)
		if err != nil {
			return nil, err
		}
		records = append(records, record)
	}
	return records, nil
}

// checkProperty says whether a request may set a property.
func (c *call) checkProperty(name string, mayName bool) error {
	switch name {
	case "enabled", "target.alias":
		return nil
	case "svm.name", "svm.uuid":
		if !mayName {
			return ontaperror.Newf(ontaperror.NotInPatch, name, "Field %q cannot be specified in a PATCH method.", name)
		}
		return nil
	}
	_, known := c.serviceSchema().Field(name)
	if known || query.Within(name, "_links") || query.Within(name, "svm._links") {
		return ontaperror.Newf(ontaperror.FieldCannotBeSet, name, "Field %q cannot be set in this operation", name)
	}
	if c.params.ignoreUnknown {
		return nil
	}
	return unexpected(name)
}

// checkAlias implements the definition of target.alias: 1 to 128 printable characters without space; empty, in a
// PATCH, clears it.
func (c *call) checkAlias(alias *string) error {
	if alias == nil || *alias == "" && c.Method == http.MethodPatch {
		return nil
	}
	ok := len(*alias) >= 1 && len(*alias) <= maxAlias
	for _, r := range *alias {
		ok = ok && r > ' ' && r <= '~'
	}
	if !ok {
		return invalid("target.alias", *alias, "1 to 128 printable characters, no space")
	}
	return nil
}
