package iscsimetricsquery

import (
	"errors"
	"fmt"
	"time"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
)

// unavailableRetry is how often a service is asked for performance data that has none yet: two samples of the finest are
// that far apart.
const unavailableRetry = 30 * time.Second

// trouble is the outcome of a question that was not answered.
func (q *queryRun) trouble(err error) (*outcome.Outcome, error) {
	var old errTooOld
	var refusal *ontap.Error
	switch {
	case errors.As(err, &old):
		return new(outcome.Stalled(v1alpha1.ReasonMetricsNotSupported, old.Error()+". It was not asked; after an upgrade it is.")), nil
	case errors.Is(err, ontap.ErrInvalidRequest):
		return new(outcome.Stalled(v1alpha1.ReasonInvalidQuery, fmt.Sprintf("spec cannot be asked: %s. Delete this object, and create another one.", err))), nil
	case errors.Is(err, ontap.CodeNotSupported) && errors.As(err, &refusal):
		return new(outcome.Stalled(v1alpha1.ReasonMetricsNotSupported, fmt.Sprintf(
			"%s: the array does not support what was asked (%s). The operator asks again every 10 minutes.", q.subject(), outcome.Cited(refusal)))), nil
	}
	o, ok := outcome.FromArray(err, q.subject())
	if !ok {
		return nil, err
	}
	if errors.Is(err, ontap.CodeEntryNotFound) && errors.As(err, &refusal) {
		// The array's general word for what its tables have a code for.
		refusal = &ontap.Error{Code: ontap.CodeMetricsUnavailable, Status: refusal.Status, Target: refusal.Target}
		o = outcome.FromRefusal(refusal, q.subject())
	}
	if o.Reason == v1alpha1.ReasonMetricsUnavailable {
		o = outcome.WaitingFor(q.query().Status.Conditions, o.Reason, o.Message)
		if !o.Stalled {
			o.RetryAfter = min(o.RetryAfter, unavailableRetry)
		}
	}
	return &o, nil
}

// subject names the service as the user did.
func (q *queryRun) subject() string {
	return fmt.Sprintf("ISCSIService %q", q.query().Spec.ServiceRef.Name)
}

func (q *queryRun) denied() *outcome.Outcome {
	return new(outcome.Stalled(v1alpha1.ReasonAccessDenied, fmt.Sprintf(
		"%s: its SVM does not exist on ONTAPCluster %q, or namespace %q may not use it. Ask the platform team for an access rule.",
		q.subject(), q.admission.Cluster.Name, q.query().Namespace)))
}

func (q *queryRun) noService() *outcome.Outcome {
	return new(outcome.WaitingFor(q.query().Status.Conditions, v1alpha1.ReasonISCSIServiceNotFound, fmt.Sprintf(
		"spec.serviceRef: there is no ISCSIService %q in namespace %q. Create it, or delete this object and ask about another one.",
		q.query().Spec.ServiceRef.Name, q.query().Namespace)))
}

func (q *queryRun) metricsDisabled() *outcome.Outcome {
	return new(outcome.Stalled(v1alpha1.ReasonMetricsDisabled, fmt.Sprintf(
		"spec.metrics.disabled of ONTAPCluster %q is set, so that its array is not asked for performance data. Ask the platform team to unset it.",
		q.admission.Cluster.Name)))
}

// notReady is the outcome while the ISCSIService has no service on the array.
func (q *queryRun) notReady(when string) outcome.Outcome {
	o := outcome.Reconciling(v1alpha1.ReasonISCSIServiceNotReady, fmt.Sprintf(
		"%s has no iSCSI service on the array %s. Its status says more; the operator goes on when it has.", q.subject(), when), outcome.ArrayRetry)
	o.Expected = true
	if outcome.IsStalled(q.service.Status.Conditions) {
		o = outcome.Stalled(o.Reason, o.Message)
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
