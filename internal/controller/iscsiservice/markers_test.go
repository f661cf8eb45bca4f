package iscsiservice

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/plan"
)

const (
	someUUID   = "02c9e252-41be-11e9-81d5-00a0986138f7"
	arrayUUID1 = "12c9e252-41be-11e9-81d5-00a0986138f7"
)

func creating(value string) *v1alpha1.ISCSIService {
	return &v1alpha1.ISCSIService{ObjectMeta: metav1.ObjectMeta{UID: "u", Annotations: map[string]string{
		v1alpha1.CreatingAnnotation: "u", v1alpha1.CreatingSVMAnnotation: value,
	}}}
}

func TestACreateRequestIsRememberedAsItWasSent(t *testing.T) {
	for value, want := range map[string]createRequest{
		"svm1//" + arrayUUID1 + "/" + someUUID:             {plan.SVM{Name: "svm1"}, plan.SVM{Name: "svm1", UUID: someUUID}, arrayUUID1},
		"/" + someUUID + "/" + arrayUUID1 + "/" + someUUID: {plan.SVM{UUID: someUUID}, plan.SVM{UUID: someUUID}, arrayUUID1},
		"svm1//" + arrayUUID1:                              {plan.SVM{Name: "svm1"}, plan.SVM{Name: "svm1"}, arrayUUID1},
		"svm1/" + someUUID + "/" + arrayUUID1:              {plan.SVM{Name: "svm1", UUID: someUUID}, plan.SVM{Name: "svm1", UUID: someUUID}, arrayUUID1},
	} {
		got, ok := createRequestOf(creating(value))
		g := NewWithT(t)
		g.Expect(ok).To(BeTrue(), value)
		g.Expect(got).To(Equal(want), value)
	}
}

// FuzzWhatATenantWritesIntoTheAnnotationIsAnSVMOrNothing writes what the operator itself would not.
func FuzzWhatATenantWritesIntoTheAnnotationIsAnSVMOrNothing(f *testing.F) {
	for _, value := range []string{
		"", "/", "//", "///", "svm1//", "svm1", "a/b/c/d/e", strings.Repeat("a", 9<<10) + "//" + arrayUUID1, "-svm//" + arrayUUID1, "sv m//" + arrayUUID1,
		"svm*//" + arrayUUID1, "svm1|svm2//" + arrayUUID1, "svm1\n//" + arrayUUID1, "svm1/" + someUUID + "x/" + arrayUUID1, "../../cluster//" + arrayUUID1,
		"svm1//" + arrayUUID1 + "/" + someUUID, "!svm1//", "\"svm1\"//", "svm1//x",
	} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		request, ok := createRequestOf(creating(value))
		if !ok {
			if request != (createRequest{}) {
				t.Fatalf("%q is none, and yet %+v", value, request)
			}
			return
		}
		for _, svm := range []plan.SVM{request.named, request.resolved} {
			if svm == (plan.SVM{}) || len(svm.Name) > 128 || strings.ContainsAny(svm.Name, " \t\r\n*|!\"<>?/\\,%&=") || svm.UUID != "" && len(svm.UUID) != 36 {
				t.Fatalf("%q is taken for %+v", value, svm)
			}
		}
		if request.array != "" && len(request.array) != 36 {
			t.Fatalf("%q is taken for array %q", value, request.array)
		}
	})
}
