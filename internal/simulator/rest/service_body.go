package rest

import (
	"maps"
	"net/http"
	"slices"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/array"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/ontaperror"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/query"
)

// maxAlias is the documented length of an alias.
const maxAlias = 128

// serviceBody is what a POST or PATCH says about a service.
type serviceBody struct {
	svm  array.SVMRef
	spec array.ServiceSpec
}

// parseServiceBody reads the request body of "Create an iSCSI service" and "Update an iSCSI service".
//
// The reference's example bodies contain target.name, and its definition of the field says readOnly: the definition
// decides, since a client that believes the example must learn that its IQN was not taken.
func (c *call) parseServiceBody() (serviceBody, error) {
	var b serviceBody
	d, err := parseBody(c.Body)
	if err != nil {
		return b, err
	}
	for _, name := range slices.Sorted(maps.Keys(d)) {
		if err := c.checkProperty(name); err != nil {
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

// checkProperty says whether a request may set a property.
func (c *call) checkProperty(name string) error {
	switch name {
	case "enabled", "target.alias":
		return nil
	case "svm.name", "svm.uuid":
		if c.Method == http.MethodPatch {
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
