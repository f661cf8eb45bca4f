package rest

import (
	"net/http"
	"strconv"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/array"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/ontaperror"
)

// createService implements "Create an iSCSI service".
func (c *call) createService() (Response, error) {
	body, err := c.parseServiceBody()
	if err != nil {
		return Response{}, err
	}
	if err := c.scope(&body.svm); err != nil {
		return Response{}, err
	}
	svm, err := c.array.CreateService(body.svm, body.spec)
	if err != nil {
		return Response{}, err
	}
	response := c.written(http.StatusCreated, svm)
	response.Header = http.Header{"Location": {serviceHref(svm)}}
	return response, nil
}

// scope confines a POST to the SVM of an SVM-scoped account, which need not name it and can't name another.
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

// updateServices is PATCH of the collection: the same change to every service that passes the filters.
func (c *call) updateServices() (Response, error) {
	body, err := c.parseServiceBody()
	if err != nil {
		return Response{}, err
	}
	return c.each(func(svm *array.SVM) (*array.SVM, error) { return c.array.UpdateService(svm.UUID, body.spec) })
}

// deleteServices is DELETE of the collection.
func (c *call) deleteServices() (Response, error) {
	return c.each(func(svm *array.SVM) (*array.SVM, error) {
		_, err := c.array.DeleteService(svm.UUID)
		return svm, err
	})
}

// each writes to every service that passes the request's filters, and stops at the first refusal. Without any filter
// that is none: a forgotten filter must not take down a data center.
func (c *call) each(write func(*array.SVM) (*array.SVM, error)) (Response, error) {
	services := c.services()
	filters, _, err := services.filters(c.params)
	if err != nil {
		return Response{}, err
	}
	var written []*array.SVM
	for _, record := range services.records {
		if len(filters) == 0 || !passes(record, filters) {
			continue
		}
		svm, err := write(record.SVM)
		if err != nil {
			return Response{}, err
		}
		written = append(written, svm)
	}
	return c.written(http.StatusOK, written...), nil
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
