package access

import (
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
)

func TestAccess(t *testing.T) {
	byName := v1alpha1.NamespaceSelector{Names: []string{"team-a"}}
	byLabel := v1alpha1.NamespaceSelector{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"san": "yes"}}}
	everyone := v1alpha1.NamespaceSelector{Selector: &metav1.LabelSelector{}}
	broken := v1alpha1.NamespaceSelector{Selector: &metav1.LabelSelector{
		MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "san", Operator: "Perhaps"}},
	}}
	for _, c := range []struct {
		name      string
		rule      v1alpha1.NamespaceSelector
		svms      []string
		namespace string
		labels    map[string]string
		svm       string
		allowed   bool
	}{
		{"a namespace by its name", byName, []string{"svm1"}, "team-a", nil, "svm1", true},
		{"not another namespace", byName, []string{"svm1"}, "team-b", nil, "svm1", false},
		{"not another SVM", byName, []string{"svm1"}, "team-a", nil, "svm2", false},
		{"not an SVM whose name only begins so", byName, []string{"svm1"}, "team-a", nil, "svm10", false},
		{"SVMs by a glob", byName, []string{"other", "team-a-*"}, "team-a", nil, "team-a-orders", true},
		{"one character by a question mark", byName, []string{"svm?"}, "team-a", nil, "svm10", false},
		{"a namespace by its labels", byLabel, []string{"*"}, "team-c", map[string]string{"san": "yes"}, "svm1", true},
		{"not a namespace with other labels", byLabel, []string{"*"}, "team-c", map[string]string{"san": "no"}, "svm1", false},
		{"every namespace by an empty selector", everyone, []string{"*"}, "any", nil, "svm1", true},
		{"nobody by no selector", v1alpha1.NamespaceSelector{}, []string{"*"}, "any", nil, "svm1", false},
		{"nobody by a selector that makes no sense", broken, []string{"*"}, "any", map[string]string{"san": "yes"}, "svm1", false},
		{"nothing by a glob that makes no sense", byName, []string{"[svm"}, "team-a", nil, "[svm", false},
	} {
		t.Run("allows "+c.name, func(t *testing.T) {
			rules := []v1alpha1.AccessRule{{Namespaces: c.rule, SVMs: c.svms}}
			NewWithT(t).Expect(Allowed(rules, c.namespace, c.labels, c.svm)).To(Equal(c.allowed))
		})
	}
	NewWithT(t).Expect(Validate([]v1alpha1.AccessRule{{Namespaces: byLabel}, {Namespaces: broken}})).
		To(MatchError(ContainSubstring("spec.access[1].namespaces.selector")))
	NewWithT(t).Expect(Allowed(nil, "team-a", nil, "svm1")).To(BeFalse(), "no rule, no access")
}
