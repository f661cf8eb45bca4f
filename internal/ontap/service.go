package ontap

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"
)

// Service is an iSCSI service: iscsi_service of the reference. Its key is the UUID of its SVM.
type Service struct {
	SVM     SVMRef
	Enabled bool
	Target  Target
	// Metric and Statistics are nil unless they were asked for by name.
	Metric     *Metric
	Statistics *Statistics
}

// SVMRef names an SVM. The UUID is for good; the name can change, and be given to another SVM.
type SVMRef struct {
	UUID string `json:"uuid,omitempty"`
	Name string `json:"name,omitempty"`
}

// Target is the iSCSI target of a service. The array generates the name; the alias is "" when it was cleared.
type Target struct {
	Name, Alias string
}

// ServiceCreate says what service to create.
type ServiceCreate struct {
	// SVM is the SVM to create it in, by UUID, by name, or by both, which must then be the same SVM's.
	SVM SVMRef
	// Enabled, when nil, is left to the array, which enables the service.
	Enabled *bool
	// Alias, when nil, is left to the array, which takes the SVM's name: 1 to 128 printable characters without space.
	Alias *string
}

// ServiceUpdate says what to change; nil leaves things as they are.
type ServiceUpdate struct {
	// Enabled false ends all sessions and blocks new ones.
	Enabled *bool
	// Alias pointing to "" clears it.
	Alias *string
}

const (
	listServices  = "list iSCSI services"
	countServices = "count iSCSI services"
	readService   = "read iSCSI service"
	createService = "create iSCSI service"
	updateService = "update iSCSI service"
	deleteService = "delete iSCSI service"
)

var servicesPath = apiPath("protocols", "san", "iscsi", "services")

// Services iterates over the iSCSI services that the account may see: "Retrieve iSCSI services". A query that selects nothing asks for
// everything but metric and statistics. A *[RecordError] stands for a service whose record can't be understood, and the iteration goes
// on behind it. Any other error ends the iteration, and what was yielded until then is no complete list.
func (c *Client) Services(ctx context.Context, q Query) iter.Seq2[Service, error] {
	q = q.or(AllFields)
	return list(ctx, c, collection{operation: listServices, path: servicesPath, query: q}, func(r serviceRecord) (Service, error) {
		return r.service("", q.selected(Enabled))
	})
}

// ServiceCount returns the number of iSCSI services that match the query: "Retrieve iSCSI services" with return_records=false.
func (c *Client) ServiceCount(ctx context.Context, q Query) (int, error) {
	return count(ctx, c, collection{operation: countServices, path: servicesPath, query: q})
}

// Service returns the service of an SVM: "Retrieve an iSCSI service". Without fields it is everything but metric and
// statistics. Errors: [CodeSVMNotFound], [CodeServiceNotFound]; [CodeEntryNotFound] from arrays that answer so.
func (c *Client) Service(ctx context.Context, svmUUID string, fields ...Field) (Service, error) {
	target, err := servicePath(svmUUID)
	if err != nil {
		return Service{}, invalid(readService, "%v", err)
	}
	var query parameters
	query.add("fields", join(fields))
	return fetch(ctx, c, readService, target+query.String(), func(r serviceRecord) (Service, error) {
		return r.service(svmUUID, selects(fields, Enabled))
	})
}

// CreateService creates a service and returns it: "Create an iSCSI service", with return_records=true. The request
// is sent once. Errors: [CodeLicenseMissing], [CodeSVMNotFound], [CodeProtocolNotAllowed], [CodeSVMMismatch], [CodeNVMeConfigured],
// [CodeServiceExists], [CodeSVMStopped], [CodeUnsupportedPlatform].
func (c *Client) CreateService(ctx context.Context, create ServiceCreate) (Service, error) {
	if create.SVM == (SVMRef{}) {
		return Service{}, invalid(createService, "neither the name nor the UUID of an SVM is given")
	}
	r := request{
		operation: createService,
		method:    http.MethodPost,
		target:    servicesPath + "?return_records=true",
		body:      serviceBody{SVM: &create.SVM, Enabled: create.Enabled, Target: alias(create.Alias)},
	}
	answer, err := c.send(ctx, r)
	if err != nil {
		return Service{}, err
	}
	if answer.status == http.StatusAccepted {
		if err := c.finish(ctx, r, answer); err != nil {
			return Service{}, err
		}
		return c.created(ctx, r, create.SVM)
	}
	var created page[serviceRecord]
	if err := understand(answer.body, &created); err != nil {
		return Service{}, c.misread(r, err)
	}
	if err := created.complete(); err != nil {
		return Service{}, c.misread(r, err)
	}
	if len(created.Records) != 1 {
		return Service{}, c.misread(r, fmt.Errorf("one service was created and %d are returned", len(created.Records)))
	}
	service, _, err := convert(created.Records[0], func(r serviceRecord) (Service, error) {
		return r.service(create.SVM.UUID, true)
	})
	if err == nil && !service.isOf(create.SVM) {
		err = errNotAsked
	}
	if err != nil {
		return Service{}, c.misread(r, err)
	}
	return service, nil
}

// errNotAsked is what is wrong with an answer from an array, or from something before it, that has lost the question.
var errNotAsked = errors.New("the service returned is another SVM's")

// isOf reports whether the service is that of the SVM.
func (s Service) isOf(svm SVMRef) bool {
	if svm.UUID != "" {
		return strings.EqualFold(s.SVM.UUID, svm.UUID)
	}
	return s.SVM.Name == svm.Name
}

// created reads the service back that a job has created. The job succeeded: that it can't be read doesn't make it uncreated.
func (c *Client) created(ctx context.Context, r request, svm SVMRef) (Service, error) {
	filter := Query{}.Where(SVMName, Equal(svm.Name))
	if svm.UUID != "" {
		filter = Query{}.Where(SVMUUID, Equal(svm.UUID))
	}
	err := errors.New("the job succeeded and the service is not there")
	for service, failure := range c.Services(ctx, filter) {
		if failure == nil && service.isOf(svm) {
			return service, nil
		}
		err = errors.New("the job succeeded; " + cmp.Or(failure, errNotAsked).Error())
	}
	return Service{}, &TransportError{Operation: r.operation, MaybeApplied: true, Answered: true, Err: err}
}

// UpdateService changes a service in one PATCH: "Update an iSCSI service". Errors: [CodeSVMNotFound], [CodeServiceNotFound].
func (c *Client) UpdateService(ctx context.Context, svmUUID string, update ServiceUpdate) error {
	if update == (ServiceUpdate{}) {
		return invalid(updateService, "there is nothing to change")
	}
	return c.change(ctx, updateService, http.MethodPatch, svmUUID, serviceBody{Enabled: update.Enabled, Target: alias(update.Alias)})
}

// DeleteService deletes a disabled service: "Delete an iSCSI service". Errors: [CodeSVMNotFound], [CodeServiceNotFound],
// [CodeServiceEnabled], [CodeUnsupportedPlatform].
func (c *Client) DeleteService(ctx context.Context, svmUUID string) error {
	return c.change(ctx, deleteService, http.MethodDelete, svmUUID, nil)
}

// change makes a write whose answer, an empty object, only says that it was made.
func (c *Client) change(ctx context.Context, operation, method, svmUUID string, body any) error {
	target, err := servicePath(svmUUID)
	if err != nil {
		return invalid(operation, "%v", err)
	}
	r := request{operation: operation, method: method, target: target, body: body}
	answer, err := c.send(ctx, r)
	if err != nil {
		return err
	}
	if answer.status == http.StatusAccepted {
		return c.finish(ctx, r, answer)
	}
	if err := understand(answer.body, &struct{}{}); err != nil {
		return c.misread(r, err)
	}
	return nil
}

// fetch reads one object.
func fetch[R, T any](ctx context.Context, c *Client, operation, target string, value func(R) (T, error)) (T, error) {
	return receive(ctx, c, request{operation: operation, method: http.MethodGet, target: target}, value)
}

func receive[R, T any](ctx context.Context, c *Client, r request, value func(R) (T, error)) (T, error) {
	var none T
	answer, err := c.send(ctx, r)
	if err != nil {
		return none, err
	}
	var record R
	if err := understand(answer.body, &record); err != nil {
		return none, c.misread(r, err)
	}
	converted, err := value(record)
	if err != nil {
		return none, c.misread(r, err)
	}
	return converted, nil
}

type serviceBody struct {
	SVM     *SVMRef     `json:"svm,omitempty"`
	Enabled *bool       `json:"enabled,omitempty"`
	Target  *targetBody `json:"target,omitempty"`
}

type targetBody struct {
	Alias string `json:"alias"`
}

func alias(text *string) *targetBody {
	if text == nil {
		return nil
	}
	return &targetBody{*text}
}

type serviceRecord struct {
	serviceIdentity
	Metric     *metricRecord     `json:"metric"`
	Statistics *statisticsRecord `json:"statistics"`
}

type serviceIdentity struct {
	SVM     reference `json:"svm"`
	Enabled *boolean  `json:"enabled"`
	Target  struct {
		Name  string `json:"name"`
		Alias string `json:"alias"`
	} `json:"target"`
}

// salvage reads a record without performance data that can't be understood.
func (r *serviceRecord) salvage(data []byte) error {
	var odd struct {
		serviceIdentity
		Metric     lenient[metricRecord]     `json:"metric"`
		Statistics lenient[statisticsRecord] `json:"statistics"`
	}
	if err := json.Unmarshal(data, &odd); err != nil {
		return err
	}
	*r = serviceRecord{odd.serviceIdentity, odd.Metric.value, odd.Statistics.value}
	return nil
}

func (r serviceRecord) owner() reference { return r.SVM }

// service insists on enabled where it was asked for: absent is not the same as disabled, which is what permits a deletion.
func (r serviceRecord) service(svmUUID string, wantEnabled bool) (Service, error) {
	svm, err := r.SVM.svm(svmUUID)
	if err != nil {
		return Service{}, err
	}
	if r.Enabled == nil && wantEnabled {
		return Service{}, errors.New("a record has no enabled")
	}
	if err := cmp.Or(fits("target.name", r.Target.Name, maxTargetName), fits("target.alias", r.Target.Alias, maxAlias)); err != nil {
		return Service{}, err
	}
	service := Service{SVM: svm, Enabled: r.Enabled != nil && bool(*r.Enabled), Target: Target(r.Target)}
	if r.Metric != nil {
		metric := r.Metric.metric()
		service.Metric = &metric
	}
	if r.Statistics != nil {
		statistics := r.Statistics.statistics()
		service.Statistics = &statistics
	}
	return service, nil
}
