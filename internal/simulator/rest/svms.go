package rest

import (
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/array"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/ontaperror"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/query"
)

var svmSchema = query.NewSchema([]query.Field[*array.SVM]{
	{Name: "uuid", Key: true, Get: func(s *array.SVM) query.Value { return query.Text(s.UUID) }},
	{Name: "name", Key: true, Get: func(s *array.SVM) query.Value { return query.Text(s.Name) }},
	{Name: "state", Get: func(s *array.SVM) query.Value { return query.Text(string(s.State)) }},
	{Name: "iscsi.allowed", Kind: query.Boolean, Get: func(s *array.SVM) query.Value { return query.Truth(s.ISCSIAllowed) }},
	{Name: "iscsi.enabled", Kind: query.Boolean, Get: func(s *array.SVM) query.Value {
		return query.Truth(s.Service != nil && s.Service.Enabled)
	}},
	{Name: "iscsi._links.self.href", Kind: query.Link, Get: func(s *array.SVM) query.Value {
		if s.Service == nil {
			return query.Null
		}
		return query.Href(serviceHref(s))
	}},
	{Name: "nvme.allowed", Kind: query.Boolean, Get: func(s *array.SVM) query.Value { return query.Truth(s.NVMeAllowed) }},
	{Name: "nvme.enabled", Kind: query.Boolean, Get: func(s *array.SVM) query.Value { return query.Truth(s.NVMeConfigured) }},
	{Name: "subtype", Get: sameForAll(query.Text("default"))},
	{Name: "language", Get: sameForAll(query.Text("c.utf_8"))},
	{Name: "max_volumes", Get: sameForAll(query.Text("unlimited"))},
	{Name: "ipspace.name", Get: sameForAll(query.Text("Default"))},
	{Name: "snapshot_policy.name", Get: sameForAll(query.Text("default"))},
	{Name: "comment", Get: sameForAll(query.Null)},
	{Name: "aggregates", Get: sameForAll(query.Null)},
	{Name: "_links.self.href", Kind: query.Link, Get: func(s *array.SVM) query.Value { return query.Href(svmHref(s)) }},
}...)

// sameForAll is the value of a property that has nothing to do with iSCSI, but that clients name when they look up an
// SVM: an array knows it, so they must not be refused.
func sameForAll(value query.Value) func(*array.SVM) query.Value {
	return func(*array.SVM) query.Value { return value }
}

// listSVMs implements GET /api/svm/svms.
func (c *call) listSVMs() (Response, error) {
	var records []*array.SVM
	for _, svm := range c.array.SVMs() {
		if c.sees(svm) {
			records = append(records, svm)
		}
	}
	return collection[*array.SVM]{schema: svmSchema, records: records, position: []string{"name", "uuid"}}.answer(c)
}

// getSVM implements GET /api/svm/svms/{uuid}.
func (c *call) getSVM() (Response, error) {
	svm := c.array.SVM(c.path[0])
	if !c.sees(svm) {
		return Response{}, ontaperror.On(ontaperror.NoSuchEntry, "uuid")
	}
	return instance(c, svmSchema, svm)
}
