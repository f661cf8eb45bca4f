package iscsimetricsquery

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/admission"
	"github.com/ontap-operator/ontap-san-operator/internal/kube"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
	"github.com/ontap-operator/ontap-san-operator/internal/workqueue"
)

// object is an ISCSIMetricsQuery as it is stored, and as a run leaves it.
type object = kube.Object[v1alpha1.ISCSIMetricsQuery, v1alpha1.ISCSIMetricsQueryStatus, *v1alpha1.ISCSIMetricsQuery]

func statusOf(query *v1alpha1.ISCSIMetricsQuery) *v1alpha1.ISCSIMetricsQueryStatus {
	return &query.Status
}

// queryRun is one try to answer an ISCSIMetricsQuery.
type queryRun struct {
	r      *Reconciler
	object *object

	// service and admission are what the last call of admit found.
	service   *v1alpha1.ISCSIService
	admission *admission.Admission
}

func newQueryRun(r *Reconciler, query *v1alpha1.ISCSIMetricsQuery) *queryRun {
	return &queryRun{r: r, object: kube.NewObject(r.Client, r.Live, query, statusOf)}
}

// query is the object as this run leaves it.
func (q *queryRun) query() *v1alpha1.ISCSIMetricsQuery { return q.object.Desired() }

// admit finds out, without asking the array, whether it may be asked and can be. If not, the outcome says so.
func (q *queryRun) admit(ctx context.Context) (*outcome.Outcome, error) {
	if end, err := q.find(ctx); end != nil || err != nil {
		return end, err
	}
	if end, err := q.admission.ReadRules(ctx); end != nil || err != nil {
		return end, err
	}
	if !q.admission.AllowsAny() {
		return q.denied(), nil
	}
	if q.admission.Cluster.MetricsDisabled() {
		return q.metricsDisabled(), nil
	}
	end, err := q.admission.Reach(admission.Expected{
		Subject:    q.subject(),
		ArrayUUID:  q.service.Status.ArrayUUID,
		OtherArray: "Put the endpoint of the ONTAPCluster back.",
	})
	if end != nil || err != nil {
		return end, err
	}
	if q.service.Status.SVM == nil {
		return new(q.notReady("yet")), nil
	}
	return nil, nil
}

// find reads the ISCSIService and its ONTAPCluster.
func (q *queryRun) find(ctx context.Context) (*outcome.Outcome, error) {
	q.service = &v1alpha1.ISCSIService{}
	name := types.NamespacedName{Namespace: q.query().Namespace, Name: q.query().Spec.ServiceRef.Name}
	if err := q.r.Client.Get(ctx, name, q.service); apierrors.IsNotFound(err) {
		if !q.r.Shard.Has(&v1alpha1.ONTAPCluster{}) {
			return nil, admission.ErrOtherShard
		}
		return q.noService(), nil
	} else if err != nil {
		return nil, err
	}
	cluster := q.service.ONTAPClusterName()
	var err error
	sources := admission.Sources{Cache: q.r.Client, Fleet: q.r.Fleet, Shard: q.r.Shard}
	if q.admission, err = sources.Find(ctx, cluster, q.query().Namespace); err != nil {
		return nil, err
	}
	return q.admission.Missing(q.query().Status.Conditions, fmt.Sprintf(
		"%s: there is no ONTAPCluster %q. Ask the platform team for it.", q.subject(), cluster)), nil
}

// answer asks the array, and puts what it says into status.
func (q *queryRun) answer(ctx context.Context) (*outcome.Outcome, error) {
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
	if !q.admission.Allows(svm.Name) {
		return q.denied(), nil
	}
	status := &q.query().Status
	status.SVM = &v1alpha1.SVMStatus{Name: svm.Name, UUID: svm.UUID}
	status.Samples, status.Summary = history(metrics, q.query().Spec.Fields)
	status.CompletionTime = new(metav1.Now())
	return new(outcome.Ready(v1alpha1.ReasonCompleted, completed(q.query()), outcome.SettledRetry)), nil
}

// refresh makes sure that the query is there and has no answer: it gets one only.
func (q *queryRun) refresh(ctx context.Context) error {
	err := q.object.Refresh(ctx, func(live *v1alpha1.ISCSIMetricsQuery) error {
		switch {
		case !live.DeletionTimestamp.IsZero():
			return kube.ErrGone
		case live.Finished():
			return kube.ErrStale
		}
		return nil
	})
	if errors.Is(err, kube.ErrChanged) {
		return nil
	}
	return err
}

// report writes what came of the run to status, if it differs.
func (q *queryRun) report(ctx context.Context, o *outcome.Outcome) error {
	before := q.object.Stored().Status.Conditions
	status := &q.query().Status
	outcome.SetConditions(&status.Conditions, &status.ObservedGeneration, q.query().Generation, *o)
	if !q.object.StatusChanged() {
		return nil
	}
	err := q.object.PatchStatus(ctx)
	if errors.Is(err, kube.ErrStale) {
		// A change of metadata in between does not get in the way: the array is not asked again for that.
		ctx, cancel := kube.Detached(ctx)
		defer cancel()
		if err := q.refresh(ctx); err != nil {
			return err
		}
		err = q.object.PatchStatus(ctx)
	}
	if err != nil {
		return err
	}
	outcome.Announce(q.r.Events, q.query(), before, *o)
	return nil
}

// expire deletes a finished query when its time has come.
func (q *queryRun) expire(ctx context.Context) (ctrl.Result, error) {
	query := q.query()
	if query.Spec.TTLAfterFinished == nil {
		return ctrl.Result{}, nil
	}
	if left := time.Until(query.Status.CompletionTime.Add(query.Spec.TTLAfterFinished.Duration)); left > 0 {
		return workqueue.WhenDue(left), nil
	}
	return workqueue.AfterWrite(q.object.Delete(ctx))
}
