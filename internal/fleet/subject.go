package fleet

import (
	"errors"
	"strings"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// subject is what a call about one SVM is about, as the breaker counts it: the same for its name and its UUID, if they
// are known to belong together.
func (a *Array) subject(svm ontap.SVMRef) string {
	if svm.UUID != "" {
		return svm.UUID
	}
	if service, _ := a.snapshot.find(svm); service != nil {
		return service.SVM.UUID
	}
	return svm.Name
}

// isOf reports whether the SVM found is the one asked for.
func isOf(asked, found ontap.SVMRef) bool {
	if asked.UUID != "" {
		return found.UUID == asked.UUID
	}
	return found.Name == asked.Name
}

// isNamesake reports whether the SVM found is another one whose name differs in case only from the one asked for: arrays
// differ in whether filters tell them apart.
func isNamesake(asked, found ontap.SVMRef) bool {
	return asked.UUID == "" && found.Name != asked.Name && strings.EqualFold(found.Name, asked.Name)
}

// misled is the error for a record that was not asked for: something between here and the array loses the query.
func misled(operation string) error {
	return &ontap.TransportError{Operation: operation, Answered: true, Err: errors.New("the answer is about another SVM than the one asked for")}
}

func withSVM(svm ontap.SVMRef) ontap.Query {
	if svm.UUID != "" {
		return ontap.Query{}.Where(ontap.SVMUUID, ontap.Equal(svm.UUID))
	}
	return ontap.Query{}.Where(ontap.SVMName, ontap.Equal(svm.Name))
}

func withSVMRecord(svm ontap.SVMRef) ontap.Query {
	if svm.UUID != "" {
		return ontap.Query{}.Where(ontap.UUID, ontap.Equal(svm.UUID))
	}
	return ontap.Query{}.Where(ontap.Name, ontap.Equal(svm.Name))
}
