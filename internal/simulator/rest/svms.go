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
	{Name: "_links.self.href", Kind: query.Link, Get: func(s *array.SVM) query.Value { return query.Href(svmHref(s)) }},
}...)

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
