package fleet

import (
	"context"
	"time"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// History returns the samples of the service of the SVM with that UUID that match the query, limit of them at most.
func (a *Array) History(ctx context.Context, svmUUID string, query ontap.MetricsQuery, limit int) (samples []ontap.Metric, err error) {
	query.Query = query.Query.Page(limit)
	err = a.callUncounted(ctx, func() error {
		samples = nil
		for sample, err := range a.client.ServiceMetrics(ctx, svmUUID, query) {
			if err != nil {
				return err
			}
			if samples = append(samples, sample); len(samples) == limit {
				break
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return samples, nil
}

// Sample returns the sample of the service of the SVM with that UUID that ends at that time. It takes ONTAP 9.14.
func (a *Array) Sample(ctx context.Context, svmUUID string, at time.Time, fields ...ontap.Field) (sample ontap.Metric, err error) {
	err = a.callUncounted(ctx, func() (err error) {
		sample, err = a.client.ServiceMetricsAt(ctx, svmUUID, at, fields...)
		return err
	})
	return sample, err
}
