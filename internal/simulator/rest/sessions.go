package rest

import (
	"fmt"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/array"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/ontaperror"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/query"
)

// sessionRecord is one initiator that is logged in to an SVM.
type sessionRecord struct {
	svm *array.SVM
	array.Session
}

var sessionSchema = query.NewSchema([]query.Field[*sessionRecord]{
	{Name: "svm.uuid", Key: true, Get: func(r *sessionRecord) query.Value { return query.Text(r.svm.UUID) }},
	{Name: "svm.name", Key: true, Get: func(r *sessionRecord) query.Value { return query.Text(r.svm.Name) }},
	{Name: "svm._links.self.href", Kind: query.Link, Get: func(r *sessionRecord) query.Value { return query.Href(svmHref(r.svm)) }},
	{Name: "target_portal_group", Key: true, Get: func(r *sessionRecord) query.Value { return query.Text(r.PortalGroup) }},
	{Name: "tsih", Kind: query.Integer, Key: true, Get: func(r *sessionRecord) query.Value { return query.Number(int64(r.TSIH)) }},
	{Name: "isid", Get: func(r *sessionRecord) query.Value { return query.Text(r.ISID) }},
	{Name: "initiator.name", Get: func(r *sessionRecord) query.Value { return query.Text(r.Initiator) }},
	{Name: "_links.self.href", Kind: query.Link, Get: func(r *sessionRecord) query.Value {
		return query.Href(fmt.Sprintf("%s/%s/%s/%d", sessionsPath, r.svm.UUID, r.PortalGroup, r.TSIH))
	}},
}...)

// listSessions implements GET /api/protocols/san/iscsi/sessions.
func (c *call) listSessions() (Response, error) {
	var records []*sessionRecord
	for _, svm := range c.array.SVMs() {
		if !c.sees(svm) {
			continue
		}
		for _, session := range svm.Sessions {
			records = append(records, &sessionRecord{svm, session})
		}
	}
	return collection[*sessionRecord]{
		schema:   sessionSchema,
		records:  records,
		position: []string{"svm.name", "svm.uuid", "tsih"},
		aliases:  svmAlias,
	}.answer(c)
}

// getSession implements GET /api/protocols/san/iscsi/sessions/{svm.uuid}/{target_portal_group}/{tsih}.
func (c *call) getSession() (Response, error) {
	svm := c.array.SVM(c.path[0])
	if !c.sees(svm) {
		return Response{}, ontaperror.New(ontaperror.SVMDoesNotExist)
	}
	for _, session := range svm.Sessions {
		if session.PortalGroup == c.path[1] && fmt.Sprint(session.TSIH) == c.path[2] {
			return instance(c, sessionSchema, &sessionRecord{svm, session})
		}
	}
	return Response{}, ontaperror.On(ontaperror.NoSuchEntry, "tsih")
}
