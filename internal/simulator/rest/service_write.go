package rest

import (
	"net/http"
	"strconv"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/array"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/ontaperror"
)

// createService implements "Create an iSCSI service".
func (c *call) createService() (Response, error) {
	records, err := c.records()
	if err != nil {
		return Response{}, err
	}
	if records == nil {
		body, err := c.parseServiceBody()
		if err != nil {
			return Response{}, err
		}
		records = []serviceBody{body}
	}
	created, err := c.each(records, func(body serviceBody) (*array.SVM, error) {
		if err := c.scope(&body.svm); err != nil {
			return nil, err
		}
		return c.array.CreateService(body.svm, body.spec)
	})
	if err != nil {
		return Response{}, err
	}
	response := c.written(http.StatusCreated, created...)
	if len(created) == 1 {
		response.Header = http.Header{"Location": {serviceHref(created[0])}}
	}
	return response, nil
}

// scope confines a body to the SVM of an SVM-scoped account, which need not name it and can't name another.
func (c *call) scope(ref *array.SVMRef) error {
	if c.account.SVM == "" {
		return nil
	}
	own := c.array.SVMByName(c.account.SVM)
	switch {
	case own == nil, ref.Name != "" && ref.Name != own.Name, ref.UUID != "" && ref.UUID != own.UUID:
		return ontaperror.New(ontaperror.SVMDoesNotExist)
	}
	ref.Name, ref.UUID = own.Name, own.UUID
	return nil
}

// updateService implements "Update an iSCSI service".
func (c *call) updateService() (Response, error) {
	body, err := c.parseServiceBody()
	if err != nil {
		return Response{}, err
	}
	svm, err := c.service(c.path[0])
	if err != nil {
		return Response{}, err
	}
	if svm, err = c.array.UpdateService(svm.UUID, body.spec); err != nil {
		return Response{}, err
	}
	return c.written(http.StatusOK, svm), nil
}

// deleteService implements "Delete an iSCSI service".
func (c *call) deleteService() (Response, error) {
	svm, err := c.service(c.path[0])
	if err != nil {
		return Response{}, err
	}
	if _, err = c.array.DeleteService(svm.UUID); err != nil {
		return Response{}, err
	}
	return c.written(http.StatusOK, svm), nil
}

// updateServices is PATCH of the collection: the same change to every service that passes the filters, or a change of
// its own to each of the body's records.
func (c *call) updateServices() (Response, error) {
	records, err := c.records()
	if err != nil {
		return Response{}, err
	}
	if records == nil {
		body, err := c.parseServiceBody()
		if err != nil {
			return Response{}, err
		}
		if records, err = c.filtered(body.spec); err != nil {
			return Response{}, err
		}
	}
	return c.writeTo(records, func(svm *array.SVM, spec array.ServiceSpec) (*array.SVM, error) {
		return c.array.UpdateService(svm.UUID, spec)
	})
}

// deleteServices is DELETE of the collection: of the services that pass the filters, or that the body's records name.
func (c *call) deleteServices() (Response, error) {
	records, err := c.records()
	if err != nil {
		return Response{}, err
	}
	if records == nil {
		if !emptyBody(c.Body) {
			return Response{}, ontaperror.New(ontaperror.UnexpectedBody)
		}
		if records, err = c.filtered(array.ServiceSpec{}); err != nil {
			return Response{}, err
		}
	}
	return c.writeTo(records, func(svm *array.SVM, _ array.ServiceSpec) (*array.SVM, error) {
		_, err := c.array.DeleteService(svm.UUID)
		return svm, err
	})
}

// filtered says the same about every service that passes the request's filters. Without any filter that is none: a
// forgotten filter must not take down a data center.
func (c *call) filtered(spec array.ServiceSpec) ([]serviceBody, error) {
	services := c.services()
	filters, _, err := services.filters(c.params)
	if err != nil {
		return nil, err
	}
	var bodies []serviceBody
	for _, record := range services.records {
		if len(filters) > 0 && passes(record, filters) {
			bodies = append(bodies, serviceBody{svm: array.SVMRef{UUID: record.UUID}, spec: spec})
		}
	}
	return bodies, nil
}

// writeTo carries out PATCH or DELETE of the collection.
func (c *call) writeTo(records []serviceBody, write func(*array.SVM, array.ServiceSpec) (*array.SVM, error)) (Response, error) {
	written, err := c.each(records, func(body serviceBody) (*array.SVM, error) {
		if err := c.scope(&body.svm); err != nil {
			return nil, err
		}
		svm, err := c.array.Resolve(body.svm)
		if err != nil {
			return nil, err
		}
		return write(svm, body.spec)
	})
	if err != nil {
		return Response{}, err
	}
	return c.written(http.StatusOK, written...), nil
}

// each writes one record after the other and stops at the first refusal, or, with continue_on_failure, reports it when
// all is done.
func (c *call) each(records []serviceBody, write func(serviceBody) (*array.SVM, error)) ([]*array.SVM, error) {
	var written []*array.SVM
	var refused error
	for _, record := range records {
		svm, err := write(record)
		switch {
		case err == nil:
			written = append(written, svm)
		case !c.params.continueOnFailure:
			return nil, err
		case refused == nil:
			refused = err
		}
	}
	return written, refused
}

// written answers a write: an empty object, or the records if asked for.
func (c *call) written(status int, svms ...*array.SVM) Response {
	if c.params.returnRecords == nil || !*c.params.returnRecords {
		return done(status)
	}
	schema := c.serviceSchema()
	selection := schema.Common()
	if c.hal {
		selection = schema.WithLinks(selection)
	}
	body := strconv.AppendInt([]byte(`{"num_records":`), int64(len(svms)), 10)
	body = append(body, `,"records":[`...)
	for i, svm := range svms {
		if i > 0 {
			body = append(body, ',')
		}
		body = schema.Append(body, c.record(svm), selection)
	}
	return answer(status, append(body, `]}`...))
}
