package fleet

import (
	"errors"
	"strings"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// pageSize is how many records a page of a collection has at most: thousands of them take a handful of requests, and a page
// of services with performance data is well under a megabyte.
const pageSize = 1000

// serviceFields are what is read of a service.
func serviceFields(metrics bool) []ontap.Field {
	fields := []ontap.Field{ontap.Enabled, ontap.TargetName, ontap.TargetAlias}
	if metrics {
		fields = append(fields, ontap.MetricFields, ontap.StatisticsFields)
	}
	return fields
}

// withSVM is the filter of services for that of one SVM.
func withSVM(svm ontap.SVMRef) ontap.Query {
	if svm.UUID != "" {
		return ontap.Query{}.Where(ontap.SVMUUID, ontap.Equal(svm.UUID))
	}
	return ontap.Query{}.Where(ontap.SVMName, ontap.Equal(svm.Name))
}

// withSVMRecord is the filter of SVMs for one of them.
func withSVMRecord(svm ontap.SVMRef) ontap.Query {
	if svm.UUID != "" {
		return ontap.Query{}.Where(ontap.UUID, ontap.Equal(svm.UUID))
	}
	return ontap.Query{}.Where(ontap.Name, ontap.Equal(svm.Name))
}

// isOf reports whether the SVM found is the one asked for.
func isOf(asked, found ontap.SVMRef) bool {
	if asked.UUID != "" {
		return found.UUID == asked.UUID
	}
	return found.Name == asked.Name
}

// differsInCase reports whether the SVM found is another one whose name differs in case only from the one asked for: arrays
// differ in whether filters distinguish them.
func differsInCase(asked, found ontap.SVMRef) bool {
	return asked.UUID == "" && found.Name != asked.Name && strings.EqualFold(found.Name, asked.Name)
}

// wrongSVM is the error for a record that was not asked for: something between the operator and the array loses the query.
func wrongSVM(operation string) error {
	return &ontap.TransportError{Operation: operation, Answered: true, Err: errors.New("the answer is about another SVM than the one asked for")}
}
