package controller

import (
	"context"
	"errors"
	"fmt"
	"time"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// unavailableRetry is how often a service is asked for performance data that has none yet: two samples of the finest are
// that far apart.
const unavailableRetry = 30 * time.Second

// inquiry is one try to answer an ISCSIMetricsQuery.
type inquiry struct {
	r *ISCSIMetricsQueryReconciler
	// obj is the object as this try leaves it; stored is what the API server has.
	obj, stored *v1alpha1.ISCSIMetricsQuery

	service *v1alpha1.ISCSIService
	cluster *v1alpha1.ONTAPCluster
	array   *fleet.Array
	// labels of the object's namespace.
	labels map[string]string
}

// admit finds out, without asking the array, whether it may be asked and can be. If not, the outcome says so.
func (q *inquiry) admit(ctx context.Context) (*outcome, error) {
	if end, err := q.find(ctx); end != nil || err != nil {
		return end, err
	}
	// A rule that cannot be read allows nothing, and takes nothing away either.
	if validateAccess(q.cluster.Spec.Access) != nil {
		return unconnected(q.cluster), nil
	}
	var err error
	if q.labels, err = namespaceLabels(ctx, q.r.Client, q.obj.Namespace); err != nil {
		return nil, err
	}
	if !selectedByAny(q.cluster.Spec.Access, q.obj.Namespace, q.labels) {
		return q.denied(), nil
	}
	if metricsDisabled(q.cluster) {
		return new(stalled(v1alpha1.ReasonMetricsDisabled, fmt.Sprintf(
			"spec.metrics.disabled of ONTAPCluster %q is set, so that its array is not asked for performance data. Ask the platform team to unset it.",
			q.cluster.Name))), nil
	}
	known, now := q.service.Status.ArrayUUID, arrayAnswering(q.r.Fleet, q.cluster)
	if known != "" && now != "" && known != now {
		return new(stalled(v1alpha1.ReasonArrayChanged, fmt.Sprintf(
			"%s: it is on the array with UUID %s, and ONTAPCluster %q leads to another one. Put the endpoint of the ONTAPCluster back.",
			q.subject(), known, q.cluster.Name))), nil
	}
	if end, err := q.connection(); end != nil || err != nil {
		return end, err
	}
	if q.service.Status.SVM == nil {
		return new(q.notReady("yet")), nil
	}
	return nil, nil
}

// find reads the ISCSIService and its ONTAPCluster.
func (q *inquiry) find(ctx context.Context) (*outcome, error) {
	q.service = &v1alpha1.ISCSIService{}
	name := types.NamespacedName{Namespace: q.obj.Namespace, Name: q.obj.Spec.ServiceRef.Name}
	if err := q.r.Client.Get(ctx, name, q.service); apierrors.IsNotFound(err) {
		if !q.r.Share.Has(&v1alpha1.ONTAPCluster{}) {
			return nil, errNotShared
		}
		return new(waitingFor(q.obj.Status.Conditions, v1alpha1.ReasonISCSIServiceNotFound, fmt.Sprintf(
			"spec.serviceRef: there is no ISCSIService %q in namespace %q. Create it, or delete this object and ask about another one.",
			name.Name, name.Namespace))), nil
	} else if err != nil {
		return nil, err
	}
	q.cluster = &v1alpha1.ONTAPCluster{}
	cluster := q.service.ONTAPClusterName()
	missing := q.r.Client.Get(ctx, types.NamespacedName{Name: cluster}, q.cluster)
	if client.IgnoreNotFound(missing) != nil {
		return nil, missing
	}
	if !q.r.Share.Has(q.cluster) {
		return nil, errNotShared
	}
	if missing != nil {
		return new(waitingFor(q.obj.Status.Conditions, v1alpha1.ReasonONTAPClusterNotFound, fmt.Sprintf(
			"%s: there is no ONTAPCluster %q. Ask the platform team for it.", q.subject(), cluster))), nil
	}
	return nil, nil
}

// connection finds the array, if it can be asked.
func (q *inquiry) connection() (*outcome, error) {
	array, connected := q.r.Fleet.Array(q.cluster.Name)
	if connected {
		if o, ok := fromArray(array.Usable(), q.subject()); ok && o.ready == metav1.ConditionUnknown {
			return &o, nil
		}
	}
	if !wasReady(q.cluster) {
		return unconnected(q.cluster), nil
	}
	if !connected || array.Usable() != nil || !isReady(q.cluster) {
		return nil, errNotConnected
	}
	q.array = array
	return nil, nil
}

// answer asks the array, and puts what it says into status.
func (q *inquiry) answer(ctx context.Context) (*outcome, error) {
	if err := q.refresh(ctx); err != nil {
		return nil, err
	}
	svm, end, err := q.resolve(ctx)
	if end != nil || err != nil {
		return end, err
	}
	metrics, err := q.ask(ctx, svm.UUID)
	if err != nil {
		return q.trouble(err)
	}
	// What was allowed when the array was asked may not be any more.
	if end, err := q.admit(ctx); end != nil || err != nil {
		return end, err
	}
	if !q.allows(svm.Name) {
		return q.denied(), nil
	}
	status := &q.obj.Status
	status.SVM = &v1alpha1.SVMStatus{Name: svm.Name, UUID: svm.UUID}
	status.Samples, status.Summary = history(metrics, q.obj.Spec.Fields)
	status.CompletionTime = new(metav1.Now())
	return new(ready(v1alpha1.ReasonCompleted, completed(q.obj), settledRetry)), nil
}

// refresh makes sure, before the array is asked, that the query is there and has no answer: it gets one only.
func (q *inquiry) refresh(ctx context.Context) error {
	live := &v1alpha1.ISCSIMetricsQuery{}
	if err := q.r.Live.Get(ctx, client.ObjectKeyFromObject(q.obj), live); apierrors.IsNotFound(err) {
		return errGone
	} else if err != nil {
		return err
	}
	if live.UID != q.obj.UID || !live.DeletionTimestamp.IsZero() {
		return errGone
	}
	if live.Finished() {
		return errStale
	}
	q.stored, q.obj = live, live.DeepCopy()
	return nil
}

// resolve finds the SVM under its present name, which access goes by.
func (q *inquiry) resolve(ctx context.Context) (ontap.SVMRef, *outcome, error) {
	bound := ontap.SVMRef{Name: q.service.Status.SVM.Name, UUID: q.service.Status.SVM.UUID}
	service, known := q.array.Find(bound)
	if !known {
		var err error
		if service, err = q.array.LookUp(ctx, bound, false); err != nil {
			end, err := q.trouble(err)
			return bound, end, err
		}
	}
	if service != nil {
		bound.Name = service.SVM.Name
	}
	switch {
	case !q.allows(bound.Name):
		return bound, q.denied(), nil
	case service == nil:
		return bound, new(q.notReady("any more")), nil
	}
	return bound, nil, nil
}

// The versions of ONTAP, all of generation 9, that have a history, and samples by their time.
const (
	historySince = 7
	sampleSince  = 14
)

// errTooOld: the array's version of ONTAP has no such thing.
type errTooOld struct {
	what  string
	since int
	runs  ontap.Version
}

func (e errTooOld) Error() string {
	return fmt.Sprintf("The array runs ONTAP %s: %s since 9.%d", number(e.runs), e.what, e.since)
}

func (q *inquiry) ask(ctx context.Context, svmUUID string) ([]ontap.Metric, error) {
	spec := q.obj.Spec
	// However long ago the array said so: it was not an older one then.
	who, _ := q.array.Identity(1<<63 - 1)
	outdated := func(since int) bool { return who.Version.Generation != 0 && !who.Version.AtLeast(9, since) }
	switch {
	case outdated(historySince):
		return nil, errTooOld{"it has performance data of iSCSI services", historySince, who.Version}
	case spec.Timestamp != "" && outdated(sampleSince):
		return nil, errTooOld{"it gives the sample of one timestamp", sampleSince, who.Version}
	case spec.Timestamp != "":
		at, err := time.Parse(time.RFC3339, spec.Timestamp)
		if err != nil {
			return nil, fmt.Errorf("timestamp: %w: %w", ontap.ErrInvalidRequest, err)
		}
		sample, err := q.array.Sample(ctx, svmUUID, at, selectedFields(spec.Fields)...)
		return []ontap.Metric{sample}, err
	}
	query, err := historyQuery(spec)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ontap.ErrInvalidRequest, err)
	}
	limit := v1alpha1.MaxMetricsSamples
	if spec.MaxRecords != 0 {
		limit = int(spec.MaxRecords)
	}
	return q.array.History(ctx, svmUUID, query, limit)
}

// trouble is the outcome of a question that was not answered.
func (q *inquiry) trouble(err error) (*outcome, error) {
	var old errTooOld
	var refusal *ontap.Error
	switch {
	case errors.As(err, &old):
		return new(stalled(v1alpha1.ReasonMetricsNotSupported, old.Error()+". It was not asked; after an upgrade it is.")), nil
	case errors.Is(err, ontap.ErrInvalidRequest):
		return new(stalled(v1alpha1.ReasonInvalidQuery, fmt.Sprintf("spec cannot be asked: %s. Delete this object, and create another one.", err))), nil
	case errors.Is(err, ontap.CodeNotSupported) && errors.As(err, &refusal):
		return new(stalled(v1alpha1.ReasonMetricsNotSupported, fmt.Sprintf(
			"%s: the array does not support what was asked (%s). The operator asks again every 10 minutes.", q.subject(), cited(refusal)))), nil
	}
	o, ok := fromArray(err, q.subject())
	if !ok {
		return nil, err
	}
	if errors.Is(err, ontap.CodeEntryNotFound) && errors.As(err, &refusal) {
		// The array's general word for what its tables have a code for.
		refusal = &ontap.Error{Code: ontap.CodeMetricsUnavailable, Status: refusal.Status, Target: refusal.Target}
		o = fromRefusal(refusal, q.subject())
	}
	if o.reason == v1alpha1.ReasonMetricsUnavailable {
		o = waitingFor(q.obj.Status.Conditions, o.reason, o.message)
		if !o.stalled {
			o.retryAfter = min(o.retryAfter, unavailableRetry)
		}
	}
	return &o, nil
}

// report writes what came of the try to status, if it differs.
func (q *inquiry) report(ctx context.Context, o *outcome) error {
	before := q.stored.Status.Conditions
	status := &q.obj.Status
	setConditions(&status.Conditions, &status.ObservedGeneration, q.obj.Generation, *o)
	if apiequality.Semantic.DeepEqual(*status, q.stored.Status) {
		return nil
	}
	ctx, cancel := finishing(ctx)
	defer cancel()
	err := q.patch(ctx)
	if errors.Is(err, errStale) {
		// A change of metadata in between does not get in the way: the array is not asked again for that.
		answer := q.obj.Status
		if err := q.refresh(ctx); err != nil {
			return err
		}
		q.obj.Status = answer
		err = q.patch(ctx)
	}
	if err != nil {
		return err
	}
	announce(q.r.Events, q.obj, before, *o)
	return nil
}

func (q *inquiry) patch(ctx context.Context) error {
	written := q.obj.DeepCopy()
	return writeError(q.r.Client.Status().Patch(ctx, written, client.MergeFromWithOptions(q.stored, client.MergeFromWithOptimisticLock{})))
}

// subject names the service as the user did.
func (q *inquiry) subject() string { return fmt.Sprintf("ISCSIService %q", q.obj.Spec.ServiceRef.Name) }

func (q *inquiry) allows(svm string) bool {
	return Allowed(q.cluster.Spec.Access, q.obj.Namespace, q.labels, svm)
}

func (q *inquiry) denied() *outcome {
	return new(stalled(v1alpha1.ReasonAccessDenied, fmt.Sprintf(
		"%s: its SVM does not exist on ONTAPCluster %q, or namespace %q may not use it. Ask the platform team for an access rule.",
		q.subject(), q.cluster.Name, q.obj.Namespace)))
}

// notReady is the outcome while the ISCSIService has no service on the array.
func (q *inquiry) notReady(when string) outcome {
	o := reconciling(v1alpha1.ReasonISCSIServiceNotReady, fmt.Sprintf(
		"%s has no iSCSI service on the array %s. Its status says more; the operator goes on when it has.", q.subject(), when), lastRetry)
	o.expected = true
	if isStalled(q.service.Status.Conditions) {
		o = stalled(o.reason, o.message)
	}
	return o
}

// completed says what was read.
func completed(obj *v1alpha1.ISCSIMetricsQuery) string {
	summary := obj.Status.Summary
	if summary.Samples == 0 {
		return "The array has no sample that matches."
	}
	if summary.Samples == obj.Spec.MaxRecords {
		return fmt.Sprintf("Samples: %d, as many as maxRecords allows. Not ok: %d.", summary.Samples, summary.NotOK)
	}
	return fmt.Sprintf("Samples: %d. Not ok: %d.", summary.Samples, summary.NotOK)
}
