package iscsimetricsquery

import (
	"context"
	"fmt"
	"time"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
)

// resolve finds the SVM under its present name, which access goes by.
func (q *queryRun) resolve(ctx context.Context) (ontap.SVMRef, *outcome.Outcome, error) {
	bound := ontap.SVMRef{Name: q.service.Status.SVM.Name, UUID: q.service.Status.SVM.UUID}
	service, known := q.admission.Array.Find(bound)
	if !known {
		var err error
		if service, err = q.admission.Array.LookUp(ctx, bound, false); err != nil {
			end, err := q.trouble(err)
			return bound, end, err
		}
	}
	if service != nil {
		bound.Name = service.SVM.Name
	}
	switch {
	case !q.admission.Allows(bound.Name):
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
	return fmt.Sprintf("The array runs ONTAP %s: %s since 9.%d", e.runs, e.what, e.since)
}

func (q *queryRun) ask(ctx context.Context, svmUUID string) ([]ontap.Metric, error) {
	spec := q.query().Spec
	// However long ago the array said so: it was not an older one then.
	who, _ := q.admission.Array.Identity(1<<63 - 1)
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
		sample, err := q.admission.Array.Sample(ctx, svmUUID, at, selectedFields(spec.Fields)...)
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
	return q.admission.Array.History(ctx, svmUUID, query, limit)
}
