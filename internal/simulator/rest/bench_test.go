package rest

import (
	"fmt"
	"testing"
	"time"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/array"
)

// BenchmarkPage answers pages of 1,000 services with their metrics from an array of 10,000 SVMs.
func BenchmarkPage(b *testing.B) {
	a := array.New(array.Cluster{Name: "big", Version: array.Version{Generation: 9, Major: 16}, Platform: array.Unified, ISCSILicensed: true}, time.Now)
	a.SetAccount(array.Account{Name: "admin", Password: "secret", Role: array.AdminRole})
	svms := make([]array.SVM, 10_000)
	for i := range svms {
		svms[i] = array.SVM{Name: fmt.Sprintf("svm-%05d", i), ISCSIAllowed: true, Service: &array.Service{Enabled: true}}
	}
	if _, err := a.AddSVMs(svms...); err != nil {
		b.Fatal(err)
	}
	api := New(a)
	for name, query := range map[string]string{
		"first/metric":                "fields=*,metric&max_records=1000",
		"last/metric":                 "fields=*,metric&max_records=1000&start.svm.name=svm-08999",
		"first/metric+statistics/hal": "fields=**&max_records=1000",
		"first/keys":                  "max_records=1000",
		"filtered by metric":          "metric.iops.total=>1000&fields=metric&max_records=1000",
		"ordered by metric":           "order_by=metric.iops.total+desc&fields=metric&max_records=1000",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				response := api.Do(Request{Method: "GET", Path: servicesPath, Query: query, User: "admin", Password: "secret"})
				if response.Status != 200 {
					b.Fatalf("%s", response.Body)
				}
				b.SetBytes(int64(len(response.Body)))
			}
		})
	}
}
