// Package access says who may use what: which namespace which SVM, by the rules of an ONTAPCluster, and which ONTAPClusters
// are this operator's, where several operators share a Kubernetes cluster.
package access

import (
	"fmt"
	"path"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
)

// Allowed reports whether a rule lets the namespace with those labels use the SVM of that name. A rule that cannot be
// understood allows nothing.
func Allowed(rules []v1alpha1.AccessRule, namespace string, namespaceLabels map[string]string, svm string) bool {
	return slices.ContainsFunc(rules, func(rule v1alpha1.AccessRule) bool {
		return selects(rule.Namespaces, namespace, namespaceLabels) && slices.ContainsFunc(rule.SVMs, func(glob string) bool {
			match, err := path.Match(glob, svm)
			return err == nil && match
		})
	})
}

// Validate finds the rules that cannot be understood, and so allow nothing: the CRD cannot check label selectors.
func Validate(rules []v1alpha1.AccessRule) error {
	for i, rule := range rules {
		if _, err := metav1.LabelSelectorAsSelector(rule.Namespaces.Selector); err != nil {
			return fmt.Errorf("spec.access[%d].namespaces.selector: %w", i, err)
		}
	}
	return nil
}

// SelectedByAny reports whether there is a rule for the namespace at all, for whatever SVM.
func SelectedByAny(rules []v1alpha1.AccessRule, namespace string, namespaceLabels map[string]string) bool {
	return slices.ContainsFunc(rules, func(rule v1alpha1.AccessRule) bool { return selects(rule.Namespaces, namespace, namespaceLabels) })
}

func selects(selector v1alpha1.NamespaceSelector, namespace string, namespaceLabels map[string]string) bool {
	if slices.Contains(selector.Names, namespace) {
		return true
	}
	if selector.Selector == nil {
		return false
	}
	byLabel, err := metav1.LabelSelectorAsSelector(selector.Selector)
	return err == nil && byLabel.Matches(labels.Set(namespaceLabels))
}
